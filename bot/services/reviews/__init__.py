"""Reviews of what people hold: of those who left, and of those who could no longer ask for it."""
