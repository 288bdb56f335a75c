"""Little plays that say what pgaccess does: read by people, played by tests and ``python -m sandbox play``.

One file is one scenario, one line is one step; `sandbox.scenarios.schema` has the form.
"""
