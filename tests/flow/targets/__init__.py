"""Targets by identity: whatever they are called at Heroku, the policy means what it meant."""
