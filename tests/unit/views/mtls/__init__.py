"""Tests of unit/views/mtls."""
