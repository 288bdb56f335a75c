"""Malformed input for fuzz tests: arbitrary JSON, and payloads with one mutation."""

import json
import os
from typing import Any

from hypothesis import strategies as st

MORE = 20 if os.environ.get("PGACCESS_SOAK") == "1" else 1
"""Factor for the number of examples in a long run."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), TEXT)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def spoilt(draw: st.DrawFn, whole: dict[str, Any]) -> Any:
    """A payload in which one value is replaced or missing."""
    copy = json.loads(json.dumps(whole))
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        for key in keys:
            places.append((part, key))
            walk(part[key])

    walk(copy)
    part, key = draw(st.sampled_from(places))
    if draw(st.booleans()):
        del part[key]
    else:
        part[key] = draw(ANYTHING)
    return copy
