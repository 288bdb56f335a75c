"""Tests of flow/reconciler."""
