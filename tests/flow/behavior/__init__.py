"""Tests of flow/behavior."""
