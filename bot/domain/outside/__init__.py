"""Text that comes from outside, or goes there: cleaned, searched for secrets, and bounded."""
