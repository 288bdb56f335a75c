"""Resources of the emulated Heroku and their state transitions."""
