"""Tests of unit/domain/reports."""
