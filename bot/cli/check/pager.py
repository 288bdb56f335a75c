"""Checks the pager's settings; a page is sent only if that is asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from bot.cli.check.report import ReportLine, note, ok, problem
from bot.domain.outside.page_address import PageAddress
from bot.domain.outside.redaction import Redactor
from bot.domain.watch.condition import Severity
from bot.errors import PagerError
from bot.pager import HttpPager
from bot.ports import Page, PageAction

TOPIC: Final = "pager"

KEY: Final = "pgaccess/check"
"""Of the incident that a test opens and resolves."""

PAGERDUTY_KEY: Final = 32
"""Characters of an integration key (PagerDuty developer documentation, "Events API v2", 2026-11)."""


async def check_pager(
    address: PageAddress | None, *, source: str, redactor: Redactor, page: bool
) -> Sequence[ReportLine]:
    """Say where pages go, and send one if that is asked for.

    Args:
        address: None where it is not set.
        source: What a page is from.
        redactor: Removes secrets from what the receiver answers.
        page: Whether to open an incident and resolve it.
    """
    if address is None:
        # Told only to whoever asked for a page: most installations have none.
        return [problem(TOPIC, "PGACCESS_PAGE_URL is not set: there is no pager to send to")] if page else []
    what = "PagerDuty's Events API v2" if address.is_pagerduty else "signed webhooks"
    where = f"{what} at {address.host}"
    if address.is_pagerduty and len(address.key) != PAGERDUTY_KEY:
        why = f"PGACCESS_PAGE_KEY is no integration key, which has {PAGERDUTY_KEY} characters"
        return [problem(TOPIC, f"{where}: {why}: copy that of an Events API v2 integration")]
    if not page:
        return [note(TOPIC, f"{where}; `pgaccess check --page` sends a page and resolves it")]
    try:
        async with HttpPager(address, source=source, redactor=redactor) as pager:
            for action in (PageAction.TRIGGER, PageAction.RESOLVE):
                await pager.send(_test(action))
    except PagerError as error:
        return [problem(TOPIC, f"{where}: the page was not taken: {error}")]
    return [ok(TOPIC, f"{where}: it took a page, and that it is over")]


def _test(action: PageAction) -> Page:
    return Page(
        action=action,
        key=KEY,
        summary="This is a test of pgaccess check. Nothing is wrong.",
        severity=Severity.INFO,
        component="check",
        at=datetime.now(UTC),
    )
