"""Tests of unit/domain/outside."""
