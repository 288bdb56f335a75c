"""Keeps a database's PrivateLink endpoint and accounts in step."""
