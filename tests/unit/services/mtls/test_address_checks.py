"""Links to request access from a browser's address: what they lead to, once, and what is kept of them."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.mtls.address_check import CheckAnswer
from bot.domain.one_time_link import LIFE
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails
from bot.services import RequestInput, Services
from storage.repositories.entries.address_checks import KEPT
from storage.tables import address_checks
from tests import database
from tests.unit.factories import SetClock
from tests.unit.services.actions import COLLEAGUE, ENGINEER

ADDRESS = IPv4Network("203.0.113.9/32")
TYPED = RequestInput(address="me", target="billing", duration="2h", reason="migration check")


async def test_the_request_is_the_persons_with_what_they_typed_and_the_browsers_address(
    services: Services,
) -> None:
    link = await services.address_checks.issue(TYPED, person=ENGINEER)
    details = await services.address_checks.submit(link.id, link.secret, ADDRESS)
    assert isinstance(details, RequestDetails)
    terms = details.request.terms
    assert (details.request.requester, terms.subject, terms.reason) == (ENGINEER, ADDRESS, "migration check")
    assert (terms.duration, details.target.label) == (timedelta(hours=2), "billing")


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        (replace(TYPED, on_behalf=COLLEAGUE), Refusal.ADDRESS_ME),
        (replace(TYPED, start="tomorrow 22:00"), Refusal.START_LATER),
    ],
)
async def test_what_a_link_would_not_keep_is_refused_before_there_is_one(
    services: Services, engine: AsyncEngine, typed: RequestInput, refusal: Refusal
) -> None:
    with pytest.raises(Refused) as caught:
        await services.address_checks.issue(typed, person=ENGINEER)
    assert caught.value.reason is refusal
    assert await database.count(engine, address_checks) == 0


async def test_a_link_works_once(services: Services) -> None:
    link = await services.address_checks.issue(TYPED, person=ENGINEER)
    await services.address_checks.submit(link.id, link.secret, ADDRESS)
    assert await services.address_checks.submit(link.id, link.secret, ADDRESS) is CheckAnswer.USED


async def test_a_wrong_secret_learns_nothing_whatever_became_of_the_link(services: Services) -> None:
    link = await services.address_checks.issue(TYPED, person=ENGINEER)
    assert await services.address_checks.submit(uuid4(), link.secret, ADDRESS) is CheckAnswer.WRONG
    assert await services.address_checks.submit(link.id, "A" * 43, ADDRESS) is CheckAnswer.WRONG
    await services.address_checks.submit(link.id, link.secret, ADDRESS)
    assert await services.address_checks.submit(link.id, "A" * 43, ADDRESS) is CheckAnswer.WRONG


async def test_a_link_ends_after_a_quarter_of_an_hour(services: Services, clock: SetClock) -> None:
    link = await services.address_checks.issue(TYPED, person=ENGINEER)
    clock.present += LIFE
    assert await services.address_checks.submit(link.id, link.secret, ADDRESS) is CheckAnswer.EXPIRED


async def test_a_refused_request_leaves_the_link(services: Services) -> None:
    typed = RequestInput(address="me", target="nowhere", duration="2h", reason="migration check")
    link = await services.address_checks.issue(typed, person=ENGINEER)
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            await services.address_checks.submit(link.id, link.secret, ADDRESS)
        assert caught.value.reason is Refusal.TARGET_UNKNOWN


async def test_no_column_has_the_secret(services: Services, engine: AsyncEngine) -> None:
    link = await services.address_checks.issue(TYPED, person=ENGINEER)
    columns = [column.name for column in address_checks.columns]
    found = await database.rows(engine, address_checks, *columns)
    assert len(found) == 1
    assert link.secret not in str(found)
    assert link.secret not in repr(link)


async def test_what_has_been_over_for_a_day_is_deleted_with_the_next_link(
    services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    await services.address_checks.issue(TYPED, person=ENGINEER)
    clock.present += LIFE + KEPT
    kept = await services.address_checks.issue(TYPED, person=ENGINEER)
    assert len(await database.rows(engine, address_checks, "id")) == 2
    clock.present += timedelta(seconds=1)
    newest = await services.address_checks.issue(TYPED, person=ENGINEER)
    found = {id for (id,) in await database.rows(engine, address_checks, "id")}
    assert found == {kept.id, newest.id}
