"""The whole bot with movable clocks, and random steps that try to break the invariants."""
