"""What people see in Slack: messages, cards, modals and the App Home, as blocks."""
