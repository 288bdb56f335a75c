"""Methods of the emulated Slack Web API."""
