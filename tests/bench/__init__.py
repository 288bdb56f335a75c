"""What pgaccess costs, and how the cost grows: every figure beside its reference, in one run.

``python -m tests.bench`` (``make bench``) prints the table; ``docs/performance.md`` explains it.
"""
