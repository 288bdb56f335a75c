"""The real processes, killed and stopped at chosen instants, and driven hard."""
