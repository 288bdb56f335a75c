"""Views of reviews: leavers, what the policy would refuse now, and everything of one person."""
