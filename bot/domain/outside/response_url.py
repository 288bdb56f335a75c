"""Which ``response_url`` may be called: a payload names the address to which an answer is sent.

Facts: Slack developer documentation, "Handling user interaction", 2026-11: ``response_url`` is at
``https://hooks.slack.com``.
"""

from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts that may be spoken to without TLS: nothing leaves the machine."""

_HOOKS: Final = ("https", "hooks.slack.com", 443)
"""Slack's own, which it names also where the Web API is called through a proxy."""

_PORTS: Final = {"https": 443, "http": 80}


def may_be_called(url: str, *, api_url: str) -> bool:
    """Returns whether an answer may be sent to a ``response_url``.

    Args:
        url: as a payload has it.
        api_url: base of the Web API, from the setting ``SLACK_API_URL``; another host than Slack's answers
            at the same host and port.
    """
    called = _origin(url)
    return called is not None and called in (_HOOKS, _origin(api_url))


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an address; None unless it is https, or http at this machine."""
    # urlsplit drops these characters, and the client that calls the address may not.
    if not url.isprintable() or any(char.isspace() or char == "\\" for char in url):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    is_loopback = host in LOOPBACK
    if parts.scheme not in (("https", "http") if is_loopback else ("https",)):
        return None
    # Two clients may disagree on where the host begins behind a name and a password.
    if "@" in parts.netloc:
        return None
    return parts.scheme, "localhost" if is_loopback else host, port or _PORTS[parts.scheme]
