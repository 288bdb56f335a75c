"""Prints what tests recorded for the reader after a run, also from parallel workers."""

from collections.abc import Iterable, Iterator

import pytest

GATEWAY = "Connection attempts through the TLS gateway"
"""Heading of what a test records with ``record_property`` under it."""

RANGES = "Concurrent changes to a space's list"
"""Heading of the figures of trials with trusted ranges."""

FAULTS = "Kills and stops by moment"
"""Heading of the figures of crash tests."""

LOAD = "A busy hour in a minute"
"""Heading of the figures of the load test."""

STEPS = "Random steps of the model"
"""Heading of the figures of the model test."""

CONNECTIONS = "Half requests, stops and bursts"
"""Heading of the figures of processes that are short of connections, or asked to stop."""

CONTAINERS = "Image and containers"
"""Heading of the figures of the image: its size, and how long its containers take to start and to stop."""

HEADINGS = (GATEWAY, RANGES, FAULTS, LOAD, STEPS, CONNECTIONS, CONTAINERS)


def shown(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """Yields the recorded lines under their headings, test by test."""
    recorded = [report for report in reports if report.user_properties]
    for heading in HEADINGS:
        under = [
            (report, [v for name, v in report.user_properties if name == heading]) for report in recorded
        ]
        if any(values for _, values in under):
            yield f"{heading}:"
        for report, values in under:
            if values:
                yield f"  {report.nodeid.partition('::')[2]}"
            yield from (f"    {value}" for value in values)
