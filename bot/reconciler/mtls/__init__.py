"""Keeps a database's mTLS rules, endpoint and certificates in step."""
