"""What a process tells about itself: events for a SIEM, metrics, and traces and errors if wanted."""
