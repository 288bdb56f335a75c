"""The command line's commands: check, manifest, policy."""
