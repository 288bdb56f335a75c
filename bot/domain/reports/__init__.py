"""What people are told without having asked: findings, trouble, closings and lost channels."""
