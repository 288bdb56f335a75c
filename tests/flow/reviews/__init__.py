"""Tests of flow/reviews."""
