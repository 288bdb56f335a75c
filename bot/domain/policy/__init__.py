"""What a policy means: its rules, and what is wrong with them."""
