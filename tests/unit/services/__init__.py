"""The services, on a real Postgres."""
