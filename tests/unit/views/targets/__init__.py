"""Messages about which target the policy means."""
