"""Emulators of Slack (with a web page) and Heroku, and the demo that runs the real bot between them."""
