"""What the bot knows, decides and does."""
