"""The use cases on a real Postgres."""
