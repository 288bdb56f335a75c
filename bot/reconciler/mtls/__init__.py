"""Reconciles a database's IP rules, mTLS endpoint and client certificates."""
