"""mTLS endpoint requests, client certificates and download links, on a real Postgres."""
