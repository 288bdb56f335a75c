"""Tests of unit/services/reports."""
