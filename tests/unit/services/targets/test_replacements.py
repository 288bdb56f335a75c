"""Discoveries and the admins' answers, each one transaction."""

import asyncio
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.policy.binding import Bindings
from bot.domain.policy.environments import PolicyTarget
from bot.domain.policy.rules import Policy
from bot.domain.target import Database, Space
from bot.errors import Refusal, Refused
from bot.services import Services
from bot.services.targets.discovery import record_discovery
from storage.tables import audit, outbox, targets
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, ENGINEER, GROUP_ADMIN, LEAD, LEAD2

MONEY: Final = PolicyTarget(alias="money", database="postgresql-a", environment="production")
BOOKS: Final = PolicyTarget(alias="books", database="postgresql-b", environment="staging")
POLICY: Final = replace(actions.APP, targets=(MONEY, BOOKS))


def addon(number: int, name: str, **more: Any) -> Database:
    return replace(factories.database(number=number), name=name, space_id=UUID(int=900), **more)


OLD, NEW = addon(1, "postgresql-a"), addon(2, "postgresql-new", config_var="PINK_URL")


async def discover(store: PostgresStore, *found: Database, policy: Policy = POLICY) -> Bindings:
    async with store.transaction() as tx:
        bindings = await record_discovery(tx, policy, found, ())
        await tx.commit()
        return bindings


@pytest.fixture
async def asked(store: PostgresStore, clock: SetClock) -> Services:
    """The services, while a new database may have replaced ``money``."""
    await actions.know_everybody(store)
    await discover(store, OLD)
    await discover(store, OLD, NEW)
    return actions.under(POLICY, store, clock)


async def answer(
    services: Services, *, replaces: bool = True, person: str = ADMIN, entry: PolicyTarget = MONEY
) -> str:
    found = await services.replacements.answer(NEW.id, entry.key, replaces=replaces, person=person)
    return found.alias


async def refusal(services: Services, **given: Any) -> Refusal:
    with pytest.raises(Refused) as refused:
        await answer(services, **given)
    return refused.value.reason


async def messages(engine: AsyncEngine, kind: str = "notification.replacement") -> list[dict[str, Any]]:
    return await database.values(engine, outbox, "params", kind=kind)


async def test_an_offer_is_made_once_however_often_the_same_is_found(
    asked: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await discover(store, OLD, NEW)
    (offer,) = await messages(engine)
    assert (offer["name"], offer["label"]) == ("postgresql-new", "billing::PINK")


@pytest.mark.parametrize("person", [ADMIN, GROUP_ADMIN])
async def test_an_admins_yes_is_recorded_with_one_audit_line(
    asked: Services, engine: AsyncEngine, person: str
) -> None:
    assert await answer(asked, person=person) == "money"
    assert await answer(asked, person=person) == "money"
    lines = await database.audit_lines(engine, "actor", "target_id", "after", subject="target")
    assert lines == [(person, NEW.id, MONEY.key)]
    (offer,) = await messages(engine)
    assert (offer["outcome"], offer["person"], offer["environment"]) == ("replaced", person, "production")


@pytest.mark.parametrize("person", [LEAD, ENGINEER])
@pytest.mark.parametrize("replaces", [True, False])
async def test_others_tell_nothing(asked: Services, person: str, replaces: bool) -> None:
    assert await refusal(asked, person=person, replaces=replaces) is Refusal.REPLACEMENT_ADMINS


@pytest.mark.parametrize("first", [True, False])
async def test_the_opposite_answer_is_refused(asked: Services, first: bool) -> None:
    await answer(asked, replaces=first)
    assert await refusal(asked, replaces=not first) is Refusal.REPLACEMENT_SETTLED


async def test_of_two_answers_at_once_one_counts(asked: Services, engine: AsyncEngine) -> None:
    found = await asyncio.gather(
        answer(asked, replaces=True), answer(asked, replaces=False), return_exceptions=True
    )
    assert len([each for each in found if isinstance(each, Refused)]) == 1
    assert await database.count(engine, audit, subject="target") == 1


async def test_the_same_answer_twice_at_once_is_recorded_once(asked: Services, engine: AsyncEngine) -> None:
    assert list(await asyncio.gather(answer(asked), answer(asked))) == ["money", "money"]
    assert await database.count(engine, audit, subject="target") == 1


async def test_what_is_gone_cannot_be_answered_and_its_offer_says_so(
    asked: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await discover(store, OLD)
    assert await refusal(asked) is Refusal.REPLACEMENT_GONE
    assert [offer["outcome"] for offer in await messages(engine)] == ["gone"]


async def test_what_the_policy_no_longer_names_cannot_be_answered(
    asked: Services, store: PostgresStore, clock: SetClock
) -> None:
    without = actions.under(replace(POLICY, targets=(BOOKS,)), store, clock)
    assert await refusal(without) is Refusal.REPLACEMENT_UNNAMED


async def test_where_two_entries_could_mean_it_a_yes_to_one_is_a_no_to_the_other(
    store: PostgresStore, clock: SetClock
) -> None:
    await actions.know_everybody(store)
    other = addon(3, "postgresql-b", config_var="B_URL")
    await discover(store, OLD, other)
    await discover(store, OLD, other, NEW)
    services = actions.under(POLICY, store, clock)
    assert await answer(services, entry=BOOKS) == "books"
    async with store.transaction() as tx:
        (found,) = [each for each in await tx.targets.databases() if each.id == NEW.id]
    assert POLICY.environments(found) == {"staging"}
    assert found.known.dismissed == {MONEY.key}
    assert await refusal(services, entry=MONEY) is Refusal.REPLACEMENT_SETTLED


async def test_without_admins_whoever_approves_there_tells(store: PostgresStore, clock: SetClock) -> None:
    await actions.know_everybody(store)
    await discover(store, OLD)
    await discover(store, OLD, NEW)
    services = actions.under(replace(POLICY, admins=frozenset()), store, clock)
    assert await refusal(services, person=ENGINEER) is Refusal.REPLACEMENT_ADMINS
    assert await answer(services, person=LEAD) == "money"


async def test_who_approves_for_one_of_two_entries_cannot_tell_for_both(
    store: PostgresStore, engine: AsyncEngine, clock: SetClock
) -> None:
    await actions.know_everybody(store)
    (rule,) = actions.APP.rules
    rules = (
        replace(rule, name="production", environments=frozenset({"production"}), approvers=frozenset({LEAD})),
        replace(rule, name="staging", environments=frozenset({"staging"}), approvers=frozenset({LEAD2})),
    )
    policy = replace(POLICY, admins=frozenset(), rules=rules)
    # The name of the books' database is given to a new one beside that of money.
    books = replace(addon(3, "postgresql-b"), app="books")
    renamed = replace(books, name="postgresql-x")
    await discover(store, OLD, books, policy=policy)
    await discover(store, OLD, renamed, policy=policy)
    await discover(store, OLD, renamed, replace(NEW, name="postgresql-b"), policy=policy)
    services = actions.under(policy, store, clock)
    await actions.refusal(engine, answer(services, entry=BOOKS, person=LEAD2))


# --- names -------------------------------------------------------------------------------------------


async def test_a_rename_that_the_reconciler_found_is_told_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await discover(store, OLD)
    for name in ("postgresql-y", "postgresql-z"):
        async with store.transaction() as tx:
            await tx.targets.rename(OLD.id, name)
            await tx.commit()
    renamed = replace(OLD, name="postgresql-z")
    await discover(store, renamed)
    await discover(store, renamed)
    (told,) = await messages(engine, "notification.addon_renamed")
    assert (told["before"], told["after"]) == ("postgresql-a", "postgresql-z")
    assert (told["labels"], told["environment"]) == ("billing", "production")
    assert await database.value(engine, targets, "listed_as", id=OLD.id) == ""


async def test_a_rename_that_was_taken_back_before_anybody_saw_it_is_not_told(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await discover(store, OLD)
    for name in ("postgresql-y", "postgresql-a"):
        async with store.transaction() as tx:
            await tx.targets.rename(OLD.id, name)
            await tx.commit()
    await discover(store, OLD)
    assert await messages(engine, "notification.addon_renamed") == []


async def test_of_two_discoveries_at_once_one_tells_of_a_rename(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await discover(store, OLD)
    renamed = replace(OLD, name="postgresql-z", app="invoices")
    await asyncio.gather(discover(store, renamed), discover(store, renamed))
    assert len(await messages(engine, "notification.addon_renamed")) == 1
    assert len(await messages(engine, "notification.app_renamed")) == 1


async def test_every_rename_is_told_also_there_and_back(store: PostgresStore, engine: AsyncEngine) -> None:
    renamed = replace(OLD, name="postgresql-z")
    for found in (OLD, renamed, OLD, renamed):
        await discover(store, found)
    assert len(await messages(engine, "notification.addon_renamed")) == 3


async def test_a_rename_of_what_the_policy_does_not_cover_is_told_without_an_environment(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    policy = replace(POLICY, unmatched=None)
    other = addon(5, "postgresql-other", app="ledger")
    await discover(store, OLD, other, policy=policy)
    await discover(store, OLD, replace(other, app="books"), policy=policy)
    (told,) = await messages(engine, "notification.app_renamed")
    assert (told["after"], told["environment"]) == ("books", "")


async def test_whose_group_could_not_be_read_is_asked_to_try_again_and_others_still_tell(
    asked: Services, engine: AsyncEngine
) -> None:
    await actions.outdate_groups(engine)
    assert await refusal(asked, person=GROUP_ADMIN) is Refusal.GROUPS_UNKNOWN
    assert await answer(asked, person=ADMIN) == "money"


async def test_a_renamed_space_stays_in_the_environments_of_its_databases(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async def found(name: str) -> None:
        space = Space(id=UUID(int=900), name=name, region="virginia", shield=False)
        async with store.transaction() as tx:
            await record_discovery(tx, POLICY, [replace(OLD, space=name)], [space])
            await tx.commit()

    await found("acme-private")
    await found("acme-secure")
    (told,) = await messages(engine, "notification.space_renamed")
    assert (told["before"], told["after"], told["labels"]) == ("acme-private", "acme-secure", "billing")
    assert told["environment"] == "production"
