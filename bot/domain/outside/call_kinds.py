"""What a call to Heroku or Slack is about, in words so few that they can be labels of a metric."""

import re
from typing import Final

OTHER: Final = "other"
"""Stands for every word that is not one of the known ones."""

_PRIVATELINK: Final = "privatelink"

_DATABASE_DEPTH: Final = 4
"""Words of ``/private-link/v0/databases/{id}``, which names no resource of its own."""

_RESOURCES: Final = frozenset(
    {
        "account", "addons", "apps", "allowed_accounts", "certificates", "config-vars", "databases",
        "inbound-ruleset", "inbound-rulesets", "ip-rules", "rate-limits", "spaces", "tls-endpoint",
    }
)  # fmt: skip
"""Words of the paths that pgaccess calls; what stands between them are ids and names."""

_CODE: Final = re.compile(r"[a-z][a-z_]{0,39}")
"""An error code of Slack's, as its documentation has them."""


def kind_of(path: str) -> str:
    """Returns what a path of Heroku's APIs is about: its last known word, never an id or a name."""
    words = path.partition("?")[0].strip("/").split("/")
    if words[0] == "private-link" and len(words) <= _DATABASE_DEPTH:
        return _PRIVATELINK
    known = [word for word in words if word in _RESOURCES]
    return known[-1] if known else OTHER


def code_of(error: str) -> str:
    """Returns an error code of Slack's as a label; what is no code at all is one word."""
    return error if _CODE.fullmatch(error) or (error.isdecimal() and len(error) == 3) else OTHER
