"""Where pages go: PagerDuty's Events API v2, or a receiver of signed webhooks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

PAGERDUTY: Final = "/v2/enqueue"
"""Path of PagerDuty's Events API v2, in each of its regions (PagerDuty developer documentation, 2026-11)."""

PAGERDUTY_HOST: Final = ".pagerduty.com"
"""How PagerDuty's hosts end: ``events.pagerduty.com``, ``events.eu.pagerduty.com``."""

SECRET_SEGMENT: Final = 16
"""Characters from which a segment of an address counts as a secret: receivers give tokens as a part of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageAddress:
    """The pager's settings. The address may hold a secret too, so that only its host is ever shown.

    Attributes:
        url: https, or http at this machine.
        key: PagerDuty's integration key, or what webhooks are signed with.
    """

    url: str = field(repr=False)
    key: str = field(repr=False)

    @property
    def host(self) -> str:
        """The host alone."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_pagerduty(self) -> bool:
        """Whether it takes PagerDuty's events, at PagerDuty or at what stands for it, and no webhooks."""
        return urlsplit(self.url).path == PAGERDUTY

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown: the key, the address, and each part of it that may be a secret."""
        return (self.key, self.url, *self._parts())

    def _parts(self) -> Iterator[str]:
        parts = urlsplit(self.url)
        for segment in parts.path.split("/"):
            if len(segment) >= SECRET_SEGMENT:
                yield segment
        for _, value in parse_qsl(parts.query):
            yield value
