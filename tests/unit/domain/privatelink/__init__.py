"""Tests of unit/domain/privatelink."""
