"""Sentences in English and Japanese."""
