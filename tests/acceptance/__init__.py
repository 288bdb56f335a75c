"""The real processes, spoken to from outside."""
