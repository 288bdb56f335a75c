"""Tests of unit/domain/times."""
