"""PrivateLink, on a real Postgres."""
