"""The whole bot in a world whose every clock can be moved, and what attempts to break the twelve sentences."""
