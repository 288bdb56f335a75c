"""Policy file: schema, loader and simulation."""
