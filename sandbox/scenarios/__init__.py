"""Scenarios: readable scripts of what pgaccess does, run by tests and ``python -m sandbox scenario``.

Each file is a scenario, each line a step; `sandbox.scenarios.schema` describes the syntax.
"""
