"""Times as people type them in English and Japanese: durations, ends and later starts."""
