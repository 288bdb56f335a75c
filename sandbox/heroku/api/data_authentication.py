"""How the Data API is called: Basic credentials with an empty user and the token as password.

Facts: herokux (c822fb4, 2025-08), ``config.go``, and heroku/heroku-data-privatelink-cli (2.0.1, 2026-08) send
Basic; that ``tls-endpoint`` and ``private-link`` take Bearer as well, as ``/client/v11`` does, nobody showed.
"""

import re
from typing import Final

from sandbox.heroku.http_types import Refused, Request

_BASIC: Final = re.compile(r"/postgres/v0/databases/[^/]+/tls-endpoint(/|$)|/private-link/")
"""Paths that every known client calls with Basic."""


def check_scheme(request: Request, *, bearer: bool) -> None:
    """Raise `Refused` ``unauthorized`` unless the path accepts the request's authentication scheme."""
    scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
    if not bearer and scheme != "basic" and _BASIC.match(request.path):
        raise Refused(401, "Invalid credentials provided.")
