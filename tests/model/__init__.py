"""The whole bot in a world whose every clock can be moved, and what tries to break the twelve sentences."""
