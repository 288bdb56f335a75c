"""Japanese sentences."""
