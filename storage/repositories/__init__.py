"""One repository for each kind of record that is kept."""
