"""Everything that comes in: commands, clicks, forms, time and browsers."""
