"""Tests of unit/views/trusted_ips."""
