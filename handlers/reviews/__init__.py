"""Handlers of what reviews ask: certificates of leavers, the weekly review, revoking one person."""
