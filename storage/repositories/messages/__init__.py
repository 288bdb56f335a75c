"""Messages, and what is kept so that each is told once."""
