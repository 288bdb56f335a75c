"""Reports: who is told what, once, and when it is over."""
