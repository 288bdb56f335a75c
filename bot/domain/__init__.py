"""The pure part: values and decisions; standard library and our errors only."""
