"""Tests of unit/views/requests."""
