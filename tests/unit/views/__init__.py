"""Words, blocks and forms."""
