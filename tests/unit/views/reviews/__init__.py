"""Tests of unit/views/reviews."""
