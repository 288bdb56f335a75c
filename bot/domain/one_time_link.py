"""What links that work once have in common: how long they last, and what is kept of their secret.

A link is an id, which anybody may see, and a secret, of which only the digest is known here.
"""

import hmac
from datetime import timedelta
from hashlib import sha256
from typing import Final

LIFE: Final = timedelta(minutes=15)
"""From a link's making to its end: enough to change machines, too little to be found later in a history."""

SECRET_BYTES: Final = 32
"""Random bytes of a secret, before they are spelt for a URL: they are not found by guessing."""


def digest(secret: str) -> bytes:
    """Returns what is kept of a secret. It is random and long: a salt or a slow hash would add nothing."""
    return sha256(secret.encode()).digest()


def is_secret(known: bytes | None, secret: str) -> bool:
    """Whether a secret is that of a link.

    Args:
        known: the link's digest; None where there is no such link.
        secret: as it came.
    """
    # Compared for an unknown link too: the time that an answer takes must not tell whether there is one.
    right = hmac.compare_digest(bytes(32) if known is None else known, digest(secret))
    return right and known is not None
