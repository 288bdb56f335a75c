"""Views of mTLS rules and client certificates."""
