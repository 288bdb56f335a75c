"""Tests of unit/domain/mtls."""
