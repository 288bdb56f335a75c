"""Tests of unit/services/reviews."""
