"""Reads people and user groups from Slack: everybody page by page, whoever acts at once, groups one by one."""
