"""Owned entries of each access method, over what they share."""
