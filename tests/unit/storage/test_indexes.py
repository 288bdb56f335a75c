"""The questions that are asked all the time are answered from their partial indexes, not from history."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.request import Kind
from bot.domain.retention import Expired
from bot.domain.subject import CertificateId
from sandbox.postgres import PrivatePostgres
from storage.transaction import PostgresStore, PostgresTransaction
from tests.conftest import TEMPLATE
from tests.unit.factories import NETWORK, NOW

Question = Callable[[PostgresTransaction], Awaitable[object]]

QUESTIONS: Final[dict[str, Question]] = {
    "ix_reconcile_queue_due": lambda tx: tx.reconcile_queue.claim(),
    "uq_reconcile_queue_target_id_method": lambda tx: tx.reconcile_queue.observation(
        UUID(int=1), Method.MTLS
    ),
    "ix_operations_check": lambda tx: tx.operations.to_check(NOW, limit=100),
    "ix_certificates_remind": lambda tx: tx.expiry_reminders.due(NOW, limit=100),
    "ix_operations_doing": lambda tx: tx.operations.unfinished(UUID(int=1), Method.MTLS),
    "uq_operations_request_id": lambda tx: tx.operations.of_request(17),
    "ix_outbox_due": lambda tx: tx.outbox.claim(),
    "ix_grants_ends": lambda tx: tx.grants.past_end(NOW, limit=100),
    "ix_grants_warn": lambda tx: tx.grants.to_warn(NOW, limit=100),
    "ix_grants_open": lambda tx: tx.grants.live(UUID(int=1), Method.MTLS, NETWORK),
    "uq_grants_request_id": lambda tx: tx.grants.of_request(17),
    "ix_requests_lapse": lambda tx: tx.requests.expired(NOW, limit=100),
    "ix_requests_remind": lambda tx: tx.requests.to_remind(NOW, limit=100),
    "ix_requests_pending": lambda tx: tx.requests.pending(limit=20),
    "ix_audit_unsealed": lambda tx: tx.audit.seal(limit=500),
    "ix_download_links_open": lambda tx: tx.download_links.open_of(UUID(int=1)),
    "ix_outbox_request": lambda tx: _marked(tx),
    "ix_requests_grant": lambda tx: _marked(tx),
    "ix_outbox_about": lambda tx: tx.outbox.settle(["a"], at=NOW),
    "ix_unmanaged_entries_present": lambda tx: tx.unmanaged_entries.present(UUID(int=1)),
    "ix_unmanaged_entries_ignored": lambda tx: tx.unmanaged_entries.ignored_past(NOW, limit=50),
    "ix_closings_open": lambda tx: tx.closings.due(NOW, limit=100),
    "ix_idempotency_keys_at": lambda tx: _deleted(tx, Expired.IDEMPOTENCY_KEYS),
    "ix_outbox_shown": lambda tx: _deleted(tx, Expired.MESSAGES),
    "ix_slack_users_deactivated": lambda tx: _deleted(tx, Expired.LEAVERS),
    "ix_slack_users_left": lambda tx: _deleted(tx, Expired.NAMES),
    "ix_mtls_rules_removed": lambda tx: _deleted(tx, Expired.MTLS_RULES),
    "ix_mtls_rule_intents_resolved": lambda tx: _deleted(tx, Expired.RULE_INTENTS),
    "ix_mtls_rules_intent_id": lambda tx: _deleted(tx, Expired.RULE_INTENTS),
    "ix_privatelink_accounts_removed": lambda tx: _deleted(tx, Expired.PRIVATELINK_ACCOUNTS),
    "ix_trusted_ranges_removed": lambda tx: _deleted(tx, Expired.TRUSTED_RANGES),
    "ix_download_links_over": lambda tx: _deleted(tx, Expired.DOWNLOAD_LINKS),
    "ix_closings_closed": lambda tx: _deleted(tx, Expired.CLOSINGS),
    "ix_unmanaged_entries_gone": lambda tx: _deleted(tx, Expired.UNMANAGED_ENTRIES),
    "ix_access_review_items_group": lambda tx: tx.access_reviews.items(1, group=1),
    "ix_grants_ended": lambda tx: tx.access_history.ended(None, owner="U0LEAD", before=None, limit=20),
    "ix_requests_requester": lambda tx: tx.access_history.of_person("U0LEAD", None, before=17, limit=20),
    "ix_requests_subject": lambda tx: tx.access_history.of_networks(
        [str(NETWORK)], None, owner="U0LEAD", before=None, limit=20
    ),
    "ix_requests_networks": lambda tx: tx.access_history.of_networks(
        [str(NETWORK)], None, owner="U0LEAD", before=None, limit=20
    ),
    "ix_unmanaged_entries_target": lambda tx: tx.access_history.unmanaged([UUID(int=1)], NOW),
    "ix_slack_users_lookup": lambda tx: tx.slack_users.claim_lookup(lease=timedelta(seconds=15)),
}


async def _deleted(tx: PostgresTransaction, expired: Expired) -> None:
    """Deletes a batch of what is old."""
    keep = timedelta(days=90)
    await tx.retention.delete(expired, keep=keep, now=NOW, after="", limit=500)


async def _marked(tx: PostgresTransaction) -> None:
    """Marks the messages about a request that has changed."""
    await tx.outbox.requests_changed([17])
    await tx.idempotency_keys.claim("command:1", request=17)


NEXT: Final = ("ix_operations_check", "ix_certificates_remind")
"""Indexes that tell when the clock is needed next, beside those of grants and requests."""


@pytest.fixture(scope="module")
def database_url(postgres: PrivatePostgres) -> Iterator[str]:
    """A database that nobody ever wrote to: what others left in theirs would decide how it is read."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "unwritten" TEMPLATE "{TEMPLATE}"')
        yield postgres.url("unwritten")
        connection.execute('DROP DATABASE "unwritten" WITH (FORCE)')


@contextlib.contextmanager
def listening(engine: AsyncEngine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement, with its values, that the store sends meanwhile."""
    sent: list[tuple[str, Any]] = []

    def note(_1: object, _2: object, statement: str, values: Any, _3: object, _4: bool) -> None:
        sent.append((statement, values))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def plans(engine: AsyncEngine, statements: list[tuple[str, Any]]) -> str:
    """How Postgres answers the statements when it may not read whole tables."""
    lines: list[str] = []
    async with engine.connect() as connection:
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, values in statements:
            lines.extend((await connection.exec_driver_sql(f"EXPLAIN {statement}", values)).scalars())
    return "\n".join(lines)


@pytest.mark.parametrize("index", QUESTIONS)
async def test_a_question_is_answered_from_its_index(
    store: PostgresStore, engine: AsyncEngine, index: str
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await QUESTIONS[index](tx)
    assert f" {index} " in await plans(engine, sent)


async def test_the_next_moment_is_read_off_the_indexes(store: PostgresStore, engine: AsyncEngine) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.grants.next_moment()
            await tx.requests.next_moment()
            await tx.operations.next_moment()
            await tx.expiry_reminders.next_moment()
    found = await plans(engine, sent)
    for index in ("ix_grants_ends", "ix_grants_warn", "ix_requests_lapse", "ix_requests_remind", *NEXT):
        assert f" {index} " in found


async def test_what_is_shown_of_a_request_is_found_without_reading_all_grants(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.requests.details(17)
    found = await plans(engine, sent)
    assert " uq_grants_request_id " in found
    assert " pk_grants " in found
    assert "Seq Scan" not in found


async def test_an_open_request_about_a_certificate_is_found_without_reading_history(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.requests.newest_open(UUID(int=1), CertificateId(UUID(int=2)), (Kind.ROTATE,))
    found = await plans(engine, sent)
    assert " ix_requests_pending " in found
    assert " ix_operations_doing " in found
    assert "Seq Scan" not in found


async def test_nobody_who_has_left_costs_no_reading_of_history(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.reviews.leavers(limit=100)
    found = await plans(engine, sent)
    assert "Seq Scan" not in found
    assert " ix_requests_pending " in found
    assert " ix_download_links_open " in found
    assert " ix_operations_check " in found
    assert " ix_certificates_present " in found
    assert " ix_grants_" in found


@pytest.mark.parametrize(
    "mark",
    [
        lambda tx: tx.outbox.attach(["a"], 17),
        lambda tx: tx.outbox.refresh_findings(["a"]),
        lambda tx: tx.outbox.supersede("a", at=NOW),
    ],
    ids=["attach", "refresh_findings", "supersede"],
)
async def test_messages_about_a_finding_are_found_without_reading_all_messages(
    store: PostgresStore, engine: AsyncEngine, mark: Question
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await mark(tx)
    found = await plans(engine, sent)
    assert " ix_outbox_about " in found


async def test_who_could_reach_a_target_is_found_without_reading_all_grants(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        with listening(engine) as sent:
            await tx.access_history.grants([UUID(int=1)], NOW, limit=200)
    found = await plans(engine, sent)
    assert " ix_grants_open " in found
    assert " ix_grants_closed " in found or " ix_grants_ended " in found
    assert "Seq Scan" not in found
