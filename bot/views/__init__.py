"""Every word that people read, in English and Japanese, and the blocks that it is shown in."""
