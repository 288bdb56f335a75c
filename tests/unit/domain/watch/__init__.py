"""Tests of the watch's judgements."""
