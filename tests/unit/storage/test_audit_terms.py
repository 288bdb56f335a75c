"""What each audit line keeps of its request, grant, operation and certificate: the terms after the change."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode, closed, closing
from bot.domain.operation import OperationState
from bot.domain.request import Kind, RequestState
from bot.ports import AuditContext
from storage.tables import audit, certificates, operations
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW, request
from tests.unit.storage import store_helpers

BILLING = {
    "target": str(UUID(int=1)),
    "target_name": "postgresql-curved-12345",
    "app": "billing",
    "space": "acme-private",
}

ASKED = {
    **BILLING,
    "kind": "open",
    "method": "mtls",
    "subject": "203.0.113.4/32",
    "rule": "everything",
    "approvals": 1,
    "requester": "U0ENGINEER",
    "asked": "2026-11-24T09:00:00.000000Z",
    "duration_s": 28800,
    "reason": "quarterly migration",
}


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await store_helpers.discover(store)


async def terms(engine: AsyncEngine, **where: Any) -> list[dict[str, Any] | None]:
    return await database.values(engine, audit, "terms", order_by="id", **where)


async def test_each_line_of_a_life_has_the_terms_after_it(store: PostgresStore, engine: AsyncEngine) -> None:
    grant = await store_helpers.in_force(store)
    ending = closing(grant, ReasonCode.EXPIRED)
    assert await store_helpers.change(store, grant, ending)
    ended = closed(ending, GrantState.ENDED, now=NOW + timedelta(hours=8), reason_code=None)
    assert await store_helpers.change(store, ending, ended)

    pending, approved, applying, in_force, to_end, gone = await terms(engine)
    assert pending == {**ASKED, "request": grant.request, "state": "pending"}
    decided = {**ASKED, "request": grant.request, "state": "approved", "decided": ASKED["asked"]}
    opened = {
        "id": str(grant.id),
        "request": grant.request,
        "owner": "U0ENGINEER",
        "subject": "203.0.113.4/32",
        "state": "applying",
        "started": "2026-11-24T09:00:00.000000Z",
        "duration_s": 28800,
        "extended_s": 0,
        "ends": "2026-11-24T17:20:00.000000Z",
    }
    # The decision and the grant that it opens are one commit, and their lines one statement.
    assert approved == applying == {**decided, "grant": opened}
    opened |= {"state": "in_force", "in_force": opened["started"], "ends": "2026-11-24T17:00:00.000000Z"}
    assert in_force == {**decided, "grant": opened}
    opened |= {"state": "ending", "why": "expired"}
    assert to_end == {**decided, "grant": opened}
    opened |= {"state": "ended", "closed": "2026-11-24T17:00:00.000000Z"}
    assert gone == {**decided, "grant": opened}


async def test_a_line_about_an_extension_has_the_terms_of_the_grant(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    grant = await store_helpers.in_force(store)
    async with store.transaction() as tx:
        more = store_helpers.wanted(request(kind=Kind.EXTEND))
        longer = replace(more, grant=grant.id, environment="production")
        asked = await tx.requests.add(longer, doing=AuditContext(actor="U0ENGINEER", at=NOW))
        await tx.commit()
    (line,) = await terms(engine, request_id=asked.id)
    assert line is not None
    assert (line["kind"], line["environment"], line["grant"]["id"]) == ("extend", "production", str(grant.id))
    assert (line["grant"]["request"], line["grant"]["state"]) == (grant.request, "in_force")


async def test_many_lines_at_once_have_their_terms_too(store: PostgresStore, engine: AsyncEngine) -> None:
    asked = [await store_helpers.ask(store) for _ in range(5)]
    async with store.transaction() as tx:
        for each in asked:
            await tx.requests.decide(each, RequestState.LAPSED, doing=AuditContext(actor="pgaccess", at=NOW))
        await tx.commit()
    lines = await terms(engine, after="lapsed")
    assert [(line["request"], line["state"]) for line in lines if line] == [
        (each.id, "lapsed") for each in asked
    ]


async def test_a_line_about_a_target_alone_has_its_names_of_the_day(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    doing = AuditContext(actor="U0ADMIN", at=NOW)
    async with store.transaction() as tx:
        await tx.audit.write(doing, subject="target", before="", after="gone", target=UUID(int=1))
        await tx.audit.write(doing, subject="policy", before="", after="read")
        await tx.commit()
    assert await terms(engine) == [BILLING, None]


async def test_a_line_that_names_a_certificate_says_whose_it_is_and_until_when(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    number = (await store_helpers.ask(store)).id
    certificate = uuid4()
    async with engine.begin() as connection:
        await connection.execute(
            insert(operations).values(
                id=uuid4(), request_id=number, target_id=UUID(int=1), method="mtls", kind=Kind.ISSUE,
                subject=request().terms.subject, owner="U0ENGINEER", state=OperationState.DONE,
                started_at=NOW, deadline_at=NOW,
            )
        )  # fmt: skip
        await connection.execute(
            insert(certificates).values(
                id=certificate, target_id=UUID(int=1), request_id=number, owner="U0ENGINEER",
                purpose="nightly export", name="cert-1", status="ready", expires_at=NOW + timedelta(days=90),
            )
        )  # fmt: skip
    doing = AuditContext(actor="U0ENGINEER", at=NOW, details={"certificate": str(certificate)})
    async with store.transaction() as tx:
        await tx.audit.write(doing, subject="certificate", before="", after="warned", request=number)
        await tx.commit()
    (line,) = await terms(engine, subject="certificate")
    assert line is not None
    assert line["certificate"] == {
        "id": str(certificate),
        "name": "cert-1",
        "owner": "U0ENGINEER",
        "purpose": "nightly export",
        "status": "ready",
        "expires": "2027-02-22T09:00:00.000000Z",
    }
    assert line["operation"] == {
        "kind": "issue",
        "owner": "U0ENGINEER",
        "subject": "203.0.113.4/32",
        "state": "done",
    }
