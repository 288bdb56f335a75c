"""What a guard beside the bot looks at, and what it tells of it when."""
