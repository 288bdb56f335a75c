"""Views of PrivateLink."""
