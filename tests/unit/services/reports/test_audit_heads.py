"""The newest digest of the audit trail is posted once a day, to be kept outside the store."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage
from bot.services import Services
from bot.services.reports.audit_heads import next_day
from bot.views.notifications import operational
from storage.tables import outbox
from tests import database
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions

DAY = timedelta(days=1)


async def posted(engine: AsyncEngine) -> list[tuple[str, str]]:
    """Recipients and numbers of the seals that were posted."""
    rows = await database.rows(
        engine, outbox, "recipient", "params", kind=MessageKind.AUDIT_HEAD, order_by="id"
    )
    return [(recipient, params["seal"]) for recipient, params in rows]


async def test_each_day_with_new_lines_is_posted_once(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await services.audit_heads.post_daily()
    await actions.ask(services)
    await services.deadlines.seal_audit_log()
    await services.audit_heads.post_daily()
    assert await posted(engine) == []
    clock.present = next_day(NOW)
    for _ in range(2):
        await services.audit_heads.post_daily()
    assert await posted(engine) == [("C0OPERATIONS", "1")]
    # A day on which nothing was sealed has the same digest.
    clock.present = next_day(NOW) + DAY
    await services.audit_heads.post_daily()
    assert await posted(engine) == [("C0OPERATIONS", "1")]
    await actions.ask(services)
    await services.deadlines.seal_audit_log()
    clock.present = next_day(NOW) + 2 * DAY
    await services.audit_heads.post_daily()
    assert await posted(engine) == [("C0OPERATIONS", "1"), ("C0OPERATIONS", "2")]


async def test_an_empty_trail_has_nothing_to_post(
    services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await services.audit_heads.post_daily()
    clock.present = next_day(NOW)
    await services.audit_heads.post_daily()
    assert await posted(engine) == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_message_says_how_to_verify(language: str) -> None:
    digest = "3f1c09aa5e7b2d41" * 4
    params = {"count": "1,234", "seal": "1234", "digest": digest}
    message = OutboxMessage(
        id=1, lease=UUID(int=1), kind=MessageKind.AUDIT_HEAD, recipient="C0OPERATIONS", request=None,
        channel=None, place=None, posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip
    said = operational(message, Translator(language)).text
    assert "1,234" in said
    assert f"`pgaccess audit verify --head {digest} --seal 1234`" in said
