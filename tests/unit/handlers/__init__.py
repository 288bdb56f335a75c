"""Tests of unit/handlers."""
