"""Views of requests: cards, states, and who decides."""
