"""The reconciler's decisions."""
