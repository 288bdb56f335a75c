"""Trusted IP ranges of a space, and the support ticket that data services need first."""
