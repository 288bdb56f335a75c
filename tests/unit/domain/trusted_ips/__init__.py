"""Tests of unit/domain/trusted_ips."""
