"""mTLS: IP rules, the endpoint, and client certificates from issue to expiry."""
