"""How a request of a person would stand: their waiting requests, and whether enough others could approve."""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Integer,
    Select,
    Text,
    all_,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.policy.rules import Rule
from bot.ports import Standing
from storage.tables import PENDING, requests, slack_groups, slack_users

# As text, as the partial index has it: a parameter would keep Postgres from using that.
PENDING_ROWS: Final = literal_column(f"requests.{PENDING}", Boolean)


def _able() -> Select[Any]:
    """Those who may decide: people who are named, and members of groups that are."""
    approvers, person = bindparam("approvers", type_=ARRAY(Text)), bindparam("person", type_=Text)
    asker = bindparam("asker", type_=Text)
    named = select(func.unnest(approvers).label("id"))
    # Of a group that cannot be read nobody can decide, whoever its last known members are.
    members = select(func.unnest(slack_groups.c.members)).where(
        slack_groups.c.id == any_(approvers), slack_groups.c.error == ""
    )
    able = union(named, members).subquery("able")
    outside = slack_users.c.deactivated | slack_users.c.bot | slack_users.c.guest | slack_users.c.external
    return (
        select(able.c.id)
        .select_from(able.outerjoin(slack_users, slack_users.c.id == able.c.id))
        # Groups stand for their members; neither the requester nor who asked for them decides.
        .where(
            ~able.c.id.startswith("S"),
            able.c.id != person,
            able.c.id != asker,
            ~func.coalesce(outside, False),
        )
    )


def _standing() -> Select[Any]:
    """Built once: every request runs this."""
    approvers, asker = bindparam("approvers", type_=ARRAY(Text)), bindparam("asker", type_=Text)
    count = select(func.count()).select_from(_able().subquery("counted"))
    # Of whoever asked: nobody can use up what another may ask for.
    asked = func.coalesce(requests.c.asker, requests.c.requester) == asker
    waiting = select(func.count()).select_from(requests).where(PENDING_ROWS, asked)
    read = (
        select(func.count())
        .select_from(slack_groups)
        .where(
            slack_groups.c.id == any_(approvers),
            slack_groups.c.error == "",
            slack_groups.c.fetched_at.is_not(None),
        )
    )
    return select(waiting.scalar_subquery(), count.scalar_subquery(), read.scalar_subquery())


_STANDING: Final = _standing()
# In another order for each request: those who are first by their ids would be asked of every one.
_MIXED: Final = func.md5(func.concat(literal_column("able.id", Text), bindparam("mixed_by", type_=Text)))
_FIRST: Final = literal_column("able.id", Text) != all_(bindparam("first", type_=ARRAY(Text)))
_ABLE: Final = _able().order_by(_FIRST, _MIXED).limit(bindparam("most", type_=Integer))


async def read_standing(connection: AsyncConnection, rule: Rule, *, but: str, asker: str = "") -> Standing:
    """Returns how a request of a person would stand under a rule; see ``Requests.standing``."""
    waiting, missing, certain = 0, 0, True
    for part in rule.each:
        params = {"approvers": sorted(part.approvers), "person": but, "asker": asker or but}
        waiting, able, read = (await connection.execute(_STANDING, params)).one()
        missing = max(missing, part.approvals - able)
        groups = sum(id.startswith("S") for id in part.approvers)
        certain = certain and read == groups
    return Standing(waiting=waiting, missing=missing, certain=certain)


async def read_able(
    connection: AsyncConnection,
    people: Collection[str],
    *,
    but: str,
    asker: str = "",
    limit: int,
    first: Collection[str] = (),
    mixed_by: str = "",
) -> tuple[str, ...]:
    """Returns those who may decide; see ``Requests.able``."""
    params = {"approvers": sorted(people), "person": but, "asker": asker or but, "most": limit}
    params |= {"first": sorted(first), "mixed_by": mixed_by}
    return tuple((await connection.execute(_ABLE, params)).scalars())
