"""Tests of unit/policy."""
