"""Tests of unit/sandbox."""
