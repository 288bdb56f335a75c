"""mTLS: IP rules, the endpoint and client certificates, as pure decisions."""
