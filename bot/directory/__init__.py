"""Reads people and user groups from Slack: everybody by pages, whoever acts at once, groups one by one."""
