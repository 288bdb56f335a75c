"""What tests found out and a reader of the run wants to see, shown after it: also where workers ran them."""

from collections.abc import Iterable, Iterator

import pytest

GATEWAY = "What each attempt to connect said"
"""Heading of what a test records with ``record_property`` under it."""

RANGES = "What became of a space's list under many hands"
"""Heading of the figures of trials with trusted ranges."""

BLOWS = "What was struck at which instant, and held"
"""Heading of the figures of crash tests."""

LOAD = "What a busy hour in a minute did to the processes"
"""Heading of the figures of the load test."""

STEPS = "What a machine did at random, and all sentences held"
"""Heading of the figures of the model test."""

HEADINGS = (GATEWAY, RANGES, BLOWS, LOAD, STEPS)


def shown(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Lines under their headings, test by test."""
    told = [report for report in reports if report.user_properties]
    for heading in HEADINGS:
        under = [(report, [v for name, v in report.user_properties if name == heading]) for report in told]
        if any(values for _, values in under):
            yield f"{heading}:"
        for report, values in under:
            if values:
                yield f"  {report.nodeid.partition('::')[2]}"
            yield from (f"    {value}" for value in values)
