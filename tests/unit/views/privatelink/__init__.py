"""Tests of unit/views/privatelink."""
