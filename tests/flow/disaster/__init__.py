"""Drills: the store is lost, or restored from a backup, while access is open."""
