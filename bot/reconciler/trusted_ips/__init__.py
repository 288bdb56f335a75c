"""Reconciles a space's trusted IP ranges."""
