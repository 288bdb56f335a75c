"""Access reviews: what is permanent or lasts long, of whom it is asked, and what they answered."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Boolean, Select, func, insert, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain import access_review
from bot.domain.access_review import Answered, Review, Reviewed, ReviewedKind, ReviewItem
from bot.domain.grant import LIVE_STATES, Grant
from bot.domain.method import Method
from bot.domain.operation import OperationState
from bot.domain.request import Kind
from bot.domain.subject import names_of
from bot.ports import BOT, AccessReviews, AuditContext, WorkerName
from storage.repositories.audit import Line, PostgresAudit, line_of
from storage.repositories.certificates import known_of
from storage.repositories.evidence.reviews import SUBJECT
from storage.repositories.grants import grant_of
from storage.repositories.targets import target_of
from storage.tables import (
    RUNNING,
    access_review_items,
    access_reviews,
    certificates,
    grants,
    mtls_rules,
    operations,
    privatelink_accounts,
    requests,
    targets,
    trusted_ranges,
)

ADOPTED: Final = (
    (Method.MTLS, mtls_rules, mtls_rules.c.network),
    (Method.PRIVATELINK, privatelink_accounts, privatelink_accounts.c.arn),
    (Method.TRUSTED, trusted_ranges, trusted_ranges.c.source),
)
"""Where the entries of each method are, and what names them."""

_RUNNING = literal_column(f"(grants.{RUNNING})", Boolean)
"""As text, as the partial index has it."""

Entry = tuple[Method, UUID, str]
"""An entry at Heroku: its method, its target's UUID, and its name there."""

_ITEMS: Final = (
    select(
        access_review_items,
        grants.c.state.label("grant_state"),
        certificates.c.absent_at.label("certificate_absent_at"),
        operations.c.method.label("adopted_method"),
        operations.c.subject.label("adopted_subject"),
    )
    .outerjoin(grants, grants.c.request_id == access_review_items.c.request_id)
    .outerjoin(certificates, certificates.c.id == access_review_items.c.certificate_id)
    .outerjoin(operations, operations.c.request_id == access_review_items.c.request_id)
    .order_by(access_review_items.c.id)
)


class PostgresAccessReviews(AccessReviews):
    """Reviews and items by number."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def candidates(self, *, now: datetime, longer_than: timedelta) -> tuple[tuple[Reviewed, str], ...]:
        labels = await self._labels()
        running = [grant_of(row) for row in await self._rows(select(grants).where(_RUNNING))]
        found = [
            *(
                _of_grant(grant, labels, now)
                for grant in running
                if access_review.is_long(grant, longer_than)
            ),
            *await self._adoptions(labels),
            *await self._certificates(running, labels, now, longer_than),
        ]
        rules = await self._rules(each.request for each in found)
        found.sort(key=lambda each: (each.label, each.request, str(each.certificate or "")))
        return tuple((each, rules[each.request]) for each in found)

    @override
    async def begin(
        self, items: Sequence[tuple[int, tuple[str, ...], Reviewed]], *, at: datetime, answer_by: datetime
    ) -> int:
        began = insert(access_reviews).values(begun_at=at, answer_by=answer_by).returning(access_reviews.c.id)
        review: int = (await self._connection.execute(began)).scalar_one()
        if items:
            await self._connection.execute(
                insert(access_review_items), [_row(review, *each) for each in items]
            )
        doing = AuditContext(actor=BOT, at=at, details={"review": str(review), "items": str(len(items))})
        await self._audit.write(doing, subject=SUBJECT, before="", after="begun")
        answered = [(each, each.answer) for _, _, each in items if each.answer is not None]
        await self._audit.write_all(
            [
                _answer_line(review, each, answer, AuditContext(actor=BOT, at=at, details={"by": answer.by}))
                for each, answer in answered
            ]
        )
        self._touched.add(WorkerName.NOTIFIER)
        return review

    @override
    async def review(self, review: int) -> Review | None:
        return await self._review(access_reviews.c.id == review)

    @override
    async def newest(self) -> Review | None:
        last = select(func.max(access_reviews.c.id)).scalar_subquery()
        return await self._review(access_reviews.c.id == last)

    @override
    async def items(self, review: int, *, group: int | None = None) -> tuple[ReviewItem, ...]:
        which = access_review_items.c.review_id == review
        if group is not None:
            which &= access_review_items.c.group_number == group
        return await self._items(_ITEMS.where(which))

    @override
    async def item(self, item: int) -> ReviewItem | None:
        which = _ITEMS.where(access_review_items.c.id == item)
        found = await self._items(which.with_for_update(of=access_review_items))
        return found[0] if found else None

    @override
    async def answer(self, item: ReviewItem, answered: Answered, *, doing: AuditContext) -> None:
        await self._connection.execute(
            update(access_review_items)
            .where(access_review_items.c.id == item.id)
            .values(
                answer=answered.answer,
                answered_by=answered.by,
                answered_at=answered.at,
                because=answered.because,
            )
        )
        await self._audit.write_all([_answer_line(item.review, item.reviewed, answered, doing)])
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def due(self, now: datetime) -> Review | None:
        waiting = access_reviews.c.told_at.is_(None) & (access_reviews.c.answer_by <= now)
        first = select(access_reviews.c.id).where(waiting).order_by(access_reviews.c.id).limit(1)
        id = (await self._connection.execute(first.with_for_update(skip_locked=True))).scalar_one_or_none()
        return None if id is None else await self.review(id)

    @override
    async def end(self, review: Review, unanswered: Collection[int], *, doing: AuditContext) -> None:
        over = update(access_reviews).where(access_reviews.c.id == review.id)
        await self._connection.execute(over.values(told_at=doing.at))
        details = {"review": str(review.id), "unanswered": " ".join(f"#{id}" for id in sorted(unanswered))}
        await self._audit.write(
            replace(doing, details={**doing.details, **details}), subject=SUBJECT, before="begun", after="due"
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def asked_of(self, now: datetime) -> frozenset[int]:
        item, review = access_review_items.c, access_reviews.c
        newest = select(func.max(review.id)).scalar_subquery()
        statement = (
            select(item.request_id)
            .join(access_reviews, review.id == item.review_id)
            .where(
                review.id == newest,
                item.kind == ReviewedKind.GRANT,
                or_(
                    item.answered_at > now - access_review.WEEK,
                    item.answered_at.is_(None) & (review.answer_by > now),
                ),
            )
        )
        return frozenset((await self._connection.execute(statement)).scalars())

    # --- what is to be reviewed ------------------------------------------------------------------

    async def _adoptions(self, labels: Mapping[UUID, str]) -> list[Reviewed]:
        """Adopted entries that stay, each adoption once: the newest of an entry counts."""
        present = await self._adopted()
        done = (operations.c.kind == Kind.ADOPT) & (operations.c.state == OperationState.DONE)
        newest = select(operations).where(done).order_by(operations.c.request_id.desc())
        found = []
        for row in await self._rows(newest) if present else ():
            entries = {(row["method"], row["target_id"], name) for name in names_of(row["subject"])}
            if present.isdisjoint(entries):
                continue
            present -= entries
            found.append(
                Reviewed(
                    kind=ReviewedKind.ENTRY,
                    request=row["request_id"],
                    certificate=None,
                    target=row["target_id"],
                    owner=row["owner"],
                    label=labels[row["target_id"]],
                    subject=" ".join(names_of(row["subject"])),
                    ends_at=None,
                )
            )
        return found

    async def _certificates(
        self, running: Iterable[Grant], labels: Mapping[UUID, str], now: datetime, longer: timedelta
    ) -> list[Reviewed]:
        addresses: dict[tuple[UUID, str], list[Grant]] = defaultdict(list)
        for grant in running:
            if grant.method is Method.MTLS:
                addresses[grant.target, grant.owner].append(grant)
        issued = certificates.c.absent_at.is_(None) & certificates.c.request_id.is_not(None)
        found = []
        for row in await self._rows(select(certificates).where(issued)):
            known = known_of(row)
            owned = addresses[known.target, known.owner or ""]
            if known.request is not None and access_review.outlives(known, owned, now=now, longer=longer):
                found.append(
                    Reviewed(
                        kind=ReviewedKind.CERTIFICATE,
                        request=known.request,
                        certificate=known.id,
                        target=known.target,
                        owner=known.owner or "",
                        label=labels[known.target],
                        subject=known.name,
                        ends_at=known.expires_at,
                    )
                )
        return found

    async def _adopted(self) -> set[Entry]:
        """The adopted entries that stay: whose removal nobody has approved."""
        found: set[Entry] = set()
        for method, table, name in ADOPTED:
            stays = table.c.adopted & table.c.absent_at.is_(None) & table.c.removal_requested_at.is_(None)
            rows = await self._connection.execute(select(table.c.target_id, name).where(stays))
            found |= {(method, target, str(named)) for target, named in rows.all()}
        return found

    async def _labels(self) -> dict[UUID, str]:
        return {row["id"]: target_of(row).label for row in await self._rows(select(targets))}

    async def _rules(self, numbers: Iterable[int]) -> dict[int, str]:
        which = requests.c.id.in_(sorted(set(numbers)))
        rows = await self._connection.execute(select(requests.c.id, requests.c.rule).where(which))
        return {row.id: row.rule for row in rows}

    # --- what was asked ----------------------------------------------------------------------------

    async def _review(self, which: Any) -> Review | None:
        last = select(func.max(access_reviews.c.id)).scalar_subquery()
        statement = select(access_reviews, (access_reviews.c.id < last).label("over")).where(which)
        rows = await self._rows(statement)
        return Review(**rows[0]) if rows else None

    async def _items(self, statement: Select[Any]) -> tuple[ReviewItem, ...]:
        rows = await self._rows(statement)
        has_entries = any(row["kind"] is ReviewedKind.ENTRY for row in rows)
        adopted = await self._adopted() if has_entries else set()
        return tuple(_item(row, adopted) for row in rows)

    async def _rows(self, statement: Select[Any]) -> list[Any]:
        return list((await self._connection.execute(statement)).mappings())


def _of_grant(grant: Grant, labels: Mapping[UUID, str], now: datetime) -> Reviewed:
    return Reviewed(
        kind=ReviewedKind.GRANT,
        request=grant.request,
        certificate=None,
        target=grant.target,
        owner=grant.owner,
        label=labels[grant.target],
        subject=str(grant.subject),
        ends_at=grant.ends_at,
        answer=access_review.answered_weekly(grant, now=now),
    )


def _row(review: int, group: int, approvers: tuple[str, ...], item: Reviewed) -> dict[str, Any]:
    answered = item.answer
    return {
        "review_id": review,
        "group_number": group,
        "approvers": list(approvers),
        "kind": item.kind,
        "request_id": item.request,
        "certificate_id": item.certificate,
        "target_id": item.target,
        "owner": item.owner,
        "label": item.label,
        "subject": item.subject,
        "ends_at": item.ends_at,
        "answer": None if answered is None else answered.answer,
        "answered_by": None if answered is None else answered.by,
        "answered_at": None if answered is None else answered.at,
        "because": "" if answered is None else answered.because,
    }


def _item(row: Mapping[str, Any], adopted: Collection[Entry]) -> ReviewItem:
    answered = None
    if row["answer"] is not None:
        answered = Answered(
            answer=row["answer"], by=row["answered_by"], at=row["answered_at"], because=row["because"]
        )
    return ReviewItem(
        id=row["id"],
        review=row["review_id"],
        group=row["group_number"],
        approvers=tuple(row["approvers"]),
        reviewed=Reviewed(
            kind=row["kind"],
            request=row["request_id"],
            certificate=row["certificate_id"],
            target=row["target_id"],
            owner=row["owner"],
            label=row["label"],
            subject=row["subject"],
            ends_at=row["ends_at"],
        ),
        answered=answered,
        gone=_is_gone(row, adopted),
    )


def _is_gone(row: Mapping[str, Any], adopted: Collection[Entry]) -> bool:
    match row["kind"]:
        case ReviewedKind.GRANT:
            return row["grant_state"] not in LIVE_STATES
        case ReviewedKind.CERTIFICATE:
            return row["certificate_absent_at"] is not None
    names = names_of(row["adopted_subject"])
    return not any((row["adopted_method"], row["target_id"], name) in adopted for name in names)


def _answer_line(review: int, reviewed: Reviewed, answered: Answered, doing: AuditContext) -> Line:
    said = {"review": str(review), "because": answered.because}
    if reviewed.certificate is not None:
        said["certificate"] = str(reviewed.certificate)
    return line_of(
        replace(doing, details={**doing.details, **said}),
        SUBJECT,
        "",
        answered.answer,
        request=reviewed.request,
        target=reviewed.target,
    )
