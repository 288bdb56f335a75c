"""Who is told that a command to connect has changed, what they read, and that no message names an old one."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage
from bot.services import Services
from bot.services.targets.connections import report_connection
from bot.views.render import render
from storage.tables import certificates as inventory
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, POLICY
from tests.unit.services import actions, certificates
from tests.unit.services.actions import COLLEAGUE
from tests.unit.views import samples

RED, BLUE = "HEROKU_POSTGRESQL_RED_URL", "HEROKU_POSTGRESQL_BLUE_URL"
IN_BOTH_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)


async def change(
    store: PostgresStore, *, now: datetime = NOW, app: str = "billing", config_var: str = "DATABASE_URL"
) -> None:
    """A discovery finds another app or config var."""
    async with store.transaction() as tx:
        (before,) = await tx.targets.databases()
        after = replace(before, app=app, config_var=config_var)
        await report_connection(tx, before, after, now=now)
        await tx.targets.save_discovery([after])
        await tx.commit()


async def shown(store: PostgresStore, engine: AsyncEngine, language: str = "en") -> list[str]:
    """What the messages about changed commands say now."""
    kind, said = MessageKind.CONNECTION_CHANGED, []
    for id, to, request in await database.rows(
        engine, outbox, "id", "recipient", "request_id", order_by="id", kind=kind
    ):
        message = OutboxMessage(
            id=id,
            lease=UUID(int=1),
            kind=kind,
            recipient=to,
            request=request,
            channel=None,
            place=None,
            posting_since=None,
            version=1,
            attempts=0,
            params={},
        )
        async with store.transaction() as tx:
            details = await tx.requests.details(request)
        said.append(samples.content(render(message, details, t=Translator(language), policy=POLICY)))
    return said


async def behind(engine: AsyncEngine) -> list[bool]:
    """Of each message about a changed command: whether it is to be rendered again."""
    versions = await database.rows(
        engine, outbox, "version", "sent_version", order_by="id", kind=MessageKind.CONNECTION_CHANGED
    )
    return [version > sent for version, sent in versions]


async def send_all(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(outbox.update().values(sent_version=outbox.c.version))


async def deliver(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(inventory.update().values(delivered_at=NOW))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(("app", "config_var"), [("billing", RED), ("billing-eu", "DATABASE_URL")])
async def test_the_holder_of_a_certificate_only_gets_the_new_command(
    services: Services, store: PostgresStore, engine: AsyncEngine, language: str, app: str, config_var: str
) -> None:
    await certificates.own(store)
    await deliver(engine)
    await change(store, app=app, config_var=config_var)
    (said,) = await shown(store, engine, language)
    assert "psql" in said
    assert app in said
    assert config_var in said


async def test_the_holder_of_a_certificate_that_is_gone_reads_no_command(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await certificates.own(store)
    await deliver(engine)
    await change(store, config_var=RED)
    await certificates.see(store)
    (said,) = await shown(store, engine)
    assert "psql" not in said


async def test_who_never_fetched_the_files_is_not_told(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await certificates.own(store)
    await change(store, config_var=RED)
    assert await shown(store, engine) == []


async def test_an_earlier_message_names_the_present_command(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await actions.opened(store, services)
    await change(store, config_var=RED)
    await send_all(engine)
    await change(store, now=NOW + timedelta(minutes=10), config_var=BLUE)
    assert await behind(engine) == [True, True]
    for said in await shown(store, engine):
        assert BLUE in said
        assert RED not in said


async def test_an_earlier_message_about_another_request_of_the_same_person_does_too(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await actions.opened(store, services)
    await change(store, config_var=RED)
    await actions.opened(store, services, request_input=replace(actions.REQUEST_INPUT, address="203.0.113.9"))
    await send_all(engine)
    await change(store, now=NOW + timedelta(minutes=10), config_var=BLUE)
    assert await behind(engine) == [True, True]


async def test_an_earlier_message_to_the_holder_of_a_certificate_does_too(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await certificates.own(store, owner=COLLEAGUE)
    await deliver(engine)
    await change(store, config_var=RED)
    await send_all(engine)
    await change(store, now=NOW + timedelta(minutes=10), config_var="")
    assert await behind(engine) == [True, True]
    assert not any(RED in said for said in await shown(store, engine))


async def test_what_has_ended_names_no_command(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await change(store, config_var=RED)
    async with store.transaction() as tx:
        details = await tx.requests.details(grant.request)
    assert details is not None
    await actions.bring(store, details, GrantState.ENDED)
    (said,) = await shown(store, engine)
    assert RED not in said
