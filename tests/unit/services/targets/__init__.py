"""Use cases about which target the policy means."""
