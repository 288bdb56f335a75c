"""Events, metrics, traces and reported errors."""
