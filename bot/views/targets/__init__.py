"""What people read about targets that are called otherwise now, or that replace others."""
