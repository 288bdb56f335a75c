"""Web pages: health checks and certificate downloads."""
