"""Reconciles a database's PrivateLink endpoint and its accounts."""
