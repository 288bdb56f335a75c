"""Which databases and spaces there are, and which of them the policy means."""
