"""The real processes, killed and stopped at chosen kill_points, and driven hard."""
