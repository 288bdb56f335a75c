"""Views of trusted IP ranges."""
