"""Recognizes credentials in text that a person typed, so that none of them is stored."""

import re
from typing import Final

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_MASK: Final = r"(?![*•.…]+(?:[\"'\s,;&@]|$))"
"""Not where only a mask follows: ``password=***`` gives nothing away."""

_WORD: Final = (
    r"(?:passwords?|passwd|passphrase|(?<![a-z])pwd|(?<![a-z])pass|パスワード|パスフレーズ|暗証番号)"
)
_KEY: Final = (
    r"(?:(?<![a-z])secrets?|(?<![a-z])tokens?"
    r"|(?:api|access|auth|secret|signing|encryption)[ _-]?keys?|トークン|シークレット)"
)

_MIXED: Final = (
    # Neither a ticket nor a web address.
    r"(?![a-z][a-z0-9]*-[0-9]+(?![a-z0-9-]))(?!https?://)"
    r"(?=[^\s,;]*[0-9])(?=[^\s,;]*[a-z])[^\s,;]{6,}"
)
"""Letters and digits in one word, which prose behind a colon seldom has."""

_SHAPES: Final = tuple(
    # ASCII, or a word boundary would be missing behind Japanese, which has no spaces.
    re.compile(shape, re.I | re.A)
    for shape in (
        # A connection string or another URL with a password.
        rf"://[^\s/@:?#]*:{_MASK}[^\s/@]+@",
        # In these a password that was not percent-encoded may hold a slash as well.
        rf"\b(?:postgres|postgresql|mysql|rediss?|mongodb|amqps?)(?:\+[a-z0-9]+)?://[^\s@:/?#]*:{_MASK}"
        r"(?![0-9]+/)\S+@",
        # Blocks of RFC 7468: private keys, certificates, requests; and the DER of each without its frame.
        r"[-‐-―]{2}\s*BEGIN [A-Z0-9 ]+",
        r"(?-i:\bMII[A-Za-z0-9+/]{40,})",
        r"(?-i:\bopenssh-key-v1|\bb3BlbnNzaC1rZXktdjE)",
        # Heroku's tokens: the present form, and the former one, which is a UUID like any other.
        r"\bHRKU-[a-z0-9_-]{8,}",
        rf"(?:tokens?|(?<![a-z])(?:api)?keys?|bearer|トークン|キー)[\"'`]?\s*(?:[:=]+|is|was|は|が)?\s*"
        rf"[\"'`(]*{_UUID}(?![0-9a-z])",
        # Slack's tokens, and the address of an incoming webhook, which is one too.
        r"\bxox[a-z](?:\.xox[a-z])?-[a-z0-9-]{6,}",
        r"\bxapp-[a-z0-9-]{6,}",
        r"\bhooks\.slack\.com/(?:services|workflows|triggers)/[a-z0-9]",
        # Access keys of AWS, long-term and temporary.
        r"(?-i:\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)",
        # Tokens of GitHub, GitLab and Stripe, and JSON Web Tokens.
        r"\bgh[pousr]_[a-z0-9]{20,}|\bgithub_pat_[a-z0-9_]{20,}|\bglpat-[a-z0-9_-]{16,}",
        r"\b[sr]k_(?:live|test)_[a-z0-9]{16,}",
        r"(?-i:\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.)",
        # Values with their name.
        rf"{_WORD}[\"'`]?\s*=+\s*{_MASK}[^\s&;,]",
        rf"{_KEY}[\"'`]?\s*=+\s*{_MASK}[^\s&;,]{{6,}}",
        rf"(?:{_WORD}|{_KEY})[\"'`]?\s*(?::|\bis\b|\bwas\b|は)\s*{_MASK}[\"'`]?{_MIXED}",
        rf"\bpassword\s+'{_MASK}[^'\s]+'",
        r"\bbearer\s+(?=\S*[0-9])[a-z0-9._~+/-]{16,}",
    )
)
"""What credentials look like.

Facts: PostgreSQL manual, "Connection Strings"; RFC 7468; Heroku Dev Center, "Platform API tokens" (``HRKU-``
since 2023); Slack developer documentation, "Tokens"; AWS IAM, "Unique identifiers"; 2026-11.
"""


def holds_secret(text: str) -> bool:
    """Returns whether a text holds what looks like a credential.

    Host names, URLs without a password, git hashes, ticket ids and UUIDs alone are none.

    Args:
        text: normalized, on one line, of a bounded length.
    """
    return any(shape.search(text) for shape in _SHAPES)
