"""The chain of digests over audit lines."""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import RowMapping

GENESIS: Final = bytes(32)
"""The digest before the first line."""

_SEALED: Final = (
    "id", "at", "written_at", "actor", "subject", "request_id", "target_id", "before", "after",
)  # fmt: skip


class Fit(StrEnum):
    """What a digest covers."""

    WHOLE = "whole"
    WITHOUT_TERMS = "without terms"


def digest(
    previous: bytes, seal: int, line: RowMapping | Mapping[str, Any], *, covers: Fit = Fit.WHOLE
) -> bytes:
    """Computes the SHA-256 of the previous digest, the place in the chain, and the line in canonical JSON.

    A line from before terms were kept has none, and its digest covers none: to take the terms from a line
    that had them breaks the chain.
    """
    # jsonb keeps no order of keys, and JSON has no form of its own for times and ids: sorted texts are
    # canonical.
    content: dict[str, Any] = {name: str(line[name]) for name in _SEALED}
    content["details"] = line["details"]
    if line["terms"] is not None and covers is Fit.WHOLE:
        content["terms"] = line["terms"]
    canonical = json.dumps([seal, content], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + canonical.encode()).digest()


def fit(previous: bytes, seal: int, line: RowMapping) -> Fit | None:
    """Tells what the digest of a line covers; None where it fits in no way.

    While two versions run, during an upgrade, the older one seals lines of the newer one as it knows them.
    """
    for covers in Fit:
        if digest(previous, seal, line, covers=covers) == line["digest"]:
            return covers
    return None
