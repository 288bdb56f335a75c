"""What is known of a target besides one request: its space's ranges, open grants, adopted entries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.observation import ruleset_observation
from bot.domain.reach import NOTHING_NEARBY, Nearby
from bot.domain.request import Request
from bot.domain.subject import Accounts, is_network
from bot.domain.target import Database, Space, Target
from bot.domain.trusted_ips.ruleset import DataServices
from storage.repositories.certificates import known_of
from storage.repositories.grants import grant_of
from storage.repositories.observations import observation_of
from storage.repositories.targets import target_of
from storage.tables import (
    OPEN,
    certificates,
    data_service_access,
    grants,
    mtls_rules,
    privatelink_accounts,
    reconcile_queue,
    targets,
    trusted_ranges,
)

_TARGETS: Final = bindparam("targets", type_=ARRAY(Uuid))
_OWNERS: Final = bindparam("owners", type_=ARRAY(Text))

_SPACES: Final = (
    select(
        targets,
        reconcile_queue.c.method,
        reconcile_queue.c.observation,
        reconcile_queue.c.observed_at,
        data_service_access.c.state.label("services"),
    )
    .outerjoin(
        reconcile_queue,
        (reconcile_queue.c.target_id == targets.c.id) & (reconcile_queue.c.method == Method.TRUSTED),
    )
    .outerjoin(data_service_access, data_service_access.c.target_id == targets.c.id)
    .where(
        targets.c.is_space,
        # Of one that a discovery has missed the last list is all that is known; one that is gone has none.
        targets.c.gone_at.is_(None),
        or_(
            targets.c.id == any_(_TARGETS),
            # A database that was discovered before its space's id was stored knows the name only.
            targets.c.name == any_(bindparam("names", type_=ARRAY(Text))),
        ),
    )
    # A name may be that of a space which was replaced: the one that is there comes first.
    .order_by(targets.c.absent_at.desc().nulls_first(), targets.c.id)
)

_GRANTS: Final = (
    select(grants)
    # As text, as the partial index has it: a parameter would keep Postgres from using it.
    .where(literal_column(f"grants.{OPEN}", Boolean), grants.c.target_id == any_(_TARGETS))
    .order_by(grants.c.request_id)
)

_CERTIFICATES: Final = (
    select(certificates)
    .where(
        certificates.c.absent_at.is_(None),
        certificates.c.target_id == any_(_TARGETS),
        certificates.c.owner == any_(_OWNERS),
    )
    .order_by(certificates.c.expires_at, certificates.c.id)
)


def _adopted(table: Table, name: Column[Any], method: Method) -> Select[Any]:
    # Once its removal is requested, an adopted entry does not stay.
    return select(
        table.c.target_id, literal(method.value).label("method"), cast(name, Text).label("name")
    ).where(
        table.c.absent_at.is_(None),
        table.c.adopted,
        table.c.removal_requested_at.is_(None),
        table.c.target_id == any_(_TARGETS),
    )


_ADOPTED: Final = union_all(
    _adopted(mtls_rules, mtls_rules.c.network, Method.MTLS),
    _adopted(privatelink_accounts, privatelink_accounts.c.arn, Method.PRIVATELINK),
    _adopted(trusted_ranges, trusted_ranges.c.source, Method.TRUSTED),
)


class NearbyReader:
    """Reads, for several requests at once, what else may allow the same addresses.

    Args:
        connection: with its transaction; nothing is locked.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def read(self, asked: Collection[tuple[Request, Target]]) -> Mapping[int, Nearby]:
        """Returns what is nearby for each request by its number; nothing where it is about no address."""
        about = [
            (request, target)
            for request, target in asked
            if is_network(request.terms.subject) or isinstance(request.terms.subject, Accounts)
        ]
        if not about:
            return {request.id: NOTHING_NEARBY for request, _ in asked}
        spaces = await self._spaces([target for _, target in about])
        ids = {target.id for _, target in about} | {space.id for space, _ in spaces}
        opened, adopted = await self._grants(ids), await self._adopted(ids)
        own = await self._certificates(request for request, _ in about if request.terms.method is Method.MTLS)
        found = {
            request.id: _nearby(request, target, spaces, opened, adopted, own) for request, target in about
        }
        return {request.id: found.get(request.id, NOTHING_NEARBY) for request, _ in asked}

    async def _spaces(self, asked: Iterable[Target]) -> Sequence[tuple[Space, Nearby]]:
        """The spaces among some targets and around them, with what is known of the ranges of each."""
        every = list(asked)
        databases = [each for each in every if isinstance(each, Database) and not each.shield]
        known = {each.space_id for each in databases if each.space_id is not None}
        known |= {each.id for each in every if isinstance(each, Space)}
        names = {each.space for each in databases if each.space_id is None}
        if not known and not names:
            return ()
        params = {"targets": sorted(known), "names": sorted(names)}
        rows = (await self._connection.execute(_SPACES, params)).mappings().all()
        found = [(target_of(row), row) for row in rows]
        return [(space, _of_space(space, row)) for space, row in found if isinstance(space, Space)]

    async def _grants(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Grant]]:
        opened: dict[UUID, list[Grant]] = defaultdict(list)
        for row in (await self._connection.execute(_GRANTS, {"targets": sorted(ids)})).mappings():
            opened[row["target_id"]].append(grant_of(row))
        return opened

    async def _adopted(self, ids: Collection[UUID]) -> Mapping[UUID, set[tuple[Method, str]]]:
        adopted: dict[UUID, set[tuple[Method, str]]] = defaultdict(set)
        for row in await self._connection.execute(_ADOPTED, {"targets": sorted(ids)}):
            adopted[row.target_id].add((Method(row.method), row.name))
        return adopted

    async def _certificates(self, asked: Iterable[Request]) -> Mapping[UUID, Sequence[KnownCertificate]]:
        found: dict[UUID, list[KnownCertificate]] = defaultdict(list)
        about = [(each.terms.target, each.requester) for each in asked]
        if about:
            params = {"targets": sorted({id for id, _ in about}), "owners": sorted({who for _, who in about})}
            for row in (await self._connection.execute(_CERTIFICATES, params)).mappings():
                found[row["target_id"]].append(known_of(row))
        return found


def _of_space(space: Space, row: Mapping[Any, Any]) -> Nearby:
    if not space.takes_ranges:
        return NOTHING_NEARBY
    observation = None if row["method"] is None else observation_of(row)
    return Nearby(
        space=space.name,
        ranges=ruleset_observation(observation),
        services=row["services"] or DataServices.UNKNOWN,
        missing=row["absent_at"] is not None,
    )


def _around(target: Database, spaces: Iterable[tuple[Space, Nearby]]) -> tuple[UUID | None, Nearby]:
    """The space of a database; one that was never found may have any list, and is not one without ranges."""
    if target.shield:
        return None, NOTHING_NEARBY
    unseen = Nearby(space=target.space, missing=True)
    return next(((space.id, known) for space, known in spaces if target.is_in(space)), (None, unseen))


def _nearby(
    request: Request,
    target: Target,
    spaces: Iterable[tuple[Space, Nearby]],
    opened: Mapping[UUID, Sequence[Grant]],
    adopted: Mapping[UUID, set[tuple[Method, str]]],
    certified: Mapping[UUID, Sequence[KnownCertificate]],
) -> Nearby:
    if isinstance(target, Space):
        own = next((found for space, found in spaces if space.id == target.id), NOTHING_NEARBY)
        known, ids = Nearby(services=own.services), [target.id]
    else:
        around, known = _around(target, spaces)
        ids = [target.id] if around is None else [target.id, around]
    return replace(
        known,
        grants=tuple(grant for id in ids for grant in opened.get(id, ())),
        adopted=frozenset(entry for id in ids for entry in adopted.get(id, ())),
        certificates=tuple(each for each in certified.get(target.id, ()) if each.owner == request.requester),
    )
