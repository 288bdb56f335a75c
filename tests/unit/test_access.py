"""Asking and deciding on a real Postgres: what is recorded, what is refused, and what comes twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.access import Access, Wish
from bot.domain.grant import GrantState
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.domain.request import RequestState, Verdict
from bot.domain.target import Database, Look
from bot.errors import Refusal, Refused
from bot.ports import Case
from sandbox.postgres import PrivatePostgres
from storage.transaction import PostgresStore
from tests.unit import samples
from tests.unit.samples import NETWORK, NOW, POLICY, SetClock
from tests.unit.storage import kept

ENGINEER, LEAD, LEAD2 = "U0ENGINEER", "U0LEAD", "U0LEAD2"
WISH = Wish(address="203.0.113.4", target="billing", duration="8h", reason="quarterly migration")
COMMITS = """
    SELECT count(DISTINCT xmin::text) FROM (
        SELECT xmin FROM requests UNION ALL SELECT xmin FROM posts UNION ALL SELECT xmin FROM audit
        UNION ALL SELECT xmin FROM received
    ) AS rows
"""
"""How many transactions have written what is there."""
CROWD = tuple(f"U0APPROVER{number}" for number in range(20))


@pytest.fixture
def database_url(postgres: PrivatePostgres) -> str:
    return kept.emptied_database(postgres)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def access(store: PostgresStore, clock: SetClock) -> Access:
    """The use cases, with one database, an engineer and two leads known."""
    await kept.discover(store)
    await know(store, *(samples.person(id) for id in (ENGINEER, LEAD, LEAD2)))
    return under(POLICY, store, clock)


def under(policy: Policy, store: PostgresStore, clock: SetClock) -> Access:
    return Access(store=store, policy=policy, clock=clock)


async def know(store: PostgresStore, *people: Person) -> None:
    async with store.transaction() as tx:
        await tx.people.keep(people)
        await tx.commit()


async def ask(access: Access, wish: Wish = WISH, *, person: str = ENGINEER, key: str = "command:1") -> Case:
    return await access.ask(wish, person=person, key=key)


async def decide(
    access: Access,
    case: Case,
    verdict: Verdict = Verdict.APPROVE,
    *,
    person: str = LEAD,
    key: str = "click:1",
    reason: str = "",
) -> Case:
    version = case.request.version
    return await access.decide(
        case.request.id, verdict, version=version, reason=reason, person=person, key=key
    )


async def posts(engine: AsyncEngine) -> list[tuple[str, str]]:
    return [
        (kind, to) for kind, to in await kept.query(engine, "SELECT kind, recipient FROM posts ORDER BY id")
    ]


async def changes(engine: AsyncEngine) -> list[tuple[str, str, str, str]]:
    """Who changed what from which state to which."""
    lines = await kept.query(engine, "SELECT actor, subject, before, after FROM audit ORDER BY id")
    return [(actor, subject, before, after) for actor, subject, before, after in lines]


# --- asking ----------------------------------------------------------------------------------------


async def test_asking_records_the_request_two_cards_and_one_line_in_one_commit(
    access: Access, engine: AsyncEngine
) -> None:
    before = await kept.counts(engine)
    case = await ask(access)
    assert case == replace(samples.case(asked=replace(samples.request(), id=case.request.id)), look=None)
    assert await posts(engine) == [("card.approval", POLICY.approvals_channel), ("card.requester", ENGINEER)]
    assert await changes(engine) == [(ENGINEER, "request", "", "pending")]
    recorded = {"requests": 1, "posts": 2, "audit": 1, "received": 1}
    assert await kept.counts(engine) == before | recorded
    assert await kept.value(engine, COMMITS) == 1


async def test_asking_changes_nothing_at_heroku(access: Access, engine: AsyncEngine) -> None:
    await ask(access)
    assert await kept.value(engine, "SELECT wanted_version FROM targets") == 0


async def test_who_names_no_duration_gets_the_default(access: Access) -> None:
    case = await ask(access, replace(WISH, duration=None))
    assert case.request.terms.duration == POLICY.default_duration


async def test_an_end_is_read_in_the_askers_own_zone(store: PostgresStore, access: Access) -> None:
    await know(store, samples.person(zone="Asia/Tokyo"))
    case = await ask(access, replace(WISH, duration=None, until="21:00"))
    assert case.request.terms.until == NOW.replace(hour=12)
    assert case.request.terms.duration is None


async def test_a_zone_that_nobody_knows_is_taken_for_utc(store: PostgresStore, access: Access) -> None:
    await know(store, samples.person(zone="Mars/Olympus"))
    case = await ask(access, replace(WISH, duration=None, until="12:00"))
    assert case.request.terms.until == NOW.replace(hour=12)


async def test_the_only_database_need_not_be_named(access: Access) -> None:
    assert (await ask(access, replace(WISH, target=None))).database == samples.database()


async def test_the_same_command_again_returns_the_same_request(access: Access, engine: AsyncEngine) -> None:
    first = await ask(access)
    before = await kept.counts(engine)
    assert await ask(access) == first
    assert await kept.counts(engine) == before


async def test_the_same_command_delivered_many_times_at_once_is_one_request(
    access: Access, engine: AsyncEngine
) -> None:
    cases = await asyncio.gather(*(ask(access) for _ in range(8)))
    assert len({case.request.id for case in cases}) == 1
    assert (await kept.counts(engine))["requests"] == 1


async def test_a_command_that_was_refused_may_come_again(store: PostgresStore, access: Access) -> None:
    await know(store, samples.person(guest=True))
    with pytest.raises(Refused):
        await ask(access)
    await know(store, samples.person())
    assert (await ask(access)).request.state is RequestState.PENDING


# --- refused while asking: nothing at all is recorded ----------------------------------------------


async def refused(
    access: Access, engine: AsyncEngine, wish: Wish = WISH, *, person: str = ENGINEER
) -> Refused:
    """Asks, and makes sure that the refusal left no row behind."""
    before = await kept.counts(engine)
    with pytest.raises(Refused) as caught:
        await ask(access, wish, person=person)
    assert await kept.counts(engine) == before
    return caught.value


@pytest.mark.parametrize(
    ("person", "refusal"),
    [
        (samples.person(deactivated=True), Refusal.PERSON_INACTIVE),
        (samples.person(bot=True), Refusal.PERSON_INACTIVE),
        (samples.person(guest=True), Refusal.PERSON_OUTSIDE),
        (samples.person(external=True), Refusal.PERSON_OUTSIDE),
    ],
)
async def test_who_is_no_member_may_not_ask(
    store: PostgresStore, access: Access, engine: AsyncEngine, person: Person, refusal: Refusal
) -> None:
    await know(store, person)
    assert (await refused(access, engine)).reason is refusal


async def test_who_is_unknown_is_refused_and_looked_up(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    before = await kept.counts(engine)
    with pytest.raises(Refused) as caught:
        await ask(access, person="U0NEW")
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    assert await kept.counts(engine) == before | {"people": before["people"] + 1}
    async with store.transaction() as tx:
        assert await tx.people.asked_for() == ("U0NEW",)


async def test_who_was_known_too_long_ago_is_refused_and_looked_up(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await kept.query(engine, "UPDATE people SET known_at = known_at - interval '10 minutes'")
    assert (await refused(access, engine)).reason is Refusal.PERSON_UNKNOWN
    async with store.transaction() as tx:
        assert await tx.people.asked_for() == (ENGINEER,)


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (replace(WISH, address=None), Refusal.ADDRESS_EMPTY),
        (replace(WISH, address="203.0.113.4/24"), Refusal.ADDRESS_HOST_BITS),
        (replace(WISH, address="10.0.0.1"), Refusal.ADDRESS_PRIVATE),
        (replace(WISH, address="0.0.0.0/0"), Refusal.ADDRESS_EVERYWHERE),
        (replace(WISH, target="nothing-like-it"), Refusal.TARGET_UNKNOWN),
        (replace(WISH, duration="8"), Refusal.DURATION_NO_UNIT),
        (replace(WISH, duration="6d"), Refusal.DURATION_TOO_LONG),
        (replace(WISH, duration=None, until="2026-11-24 09:59"), Refusal.END_PAST),
        (replace(WISH, duration=None, until="2026-12-24 10:00"), Refusal.DURATION_TOO_LONG),
    ],
)
async def test_a_wish_that_cannot_be_granted_is_refused(
    access: Access, engine: AsyncEngine, wish: Wish, refusal: Refusal
) -> None:
    assert (await refused(access, engine, wish)).reason is refusal


@pytest.mark.parametrize(
    ("databases", "target", "refusal"),
    [
        ((), None, Refusal.TARGET_NONE),
        ((), "billing", Refusal.TARGET_NONE),
        ((samples.database(), samples.database("crm", 2)), None, Refusal.TARGET_MISSING),
        ((samples.database(), samples.database(number=2)), "billing", Refusal.TARGET_AMBIGUOUS),
    ],
)
async def test_a_database_that_is_not_the_one_meant_is_asked_about(
    store: PostgresStore,
    access: Access,
    engine: AsyncEngine,
    databases: tuple[Database, ...],
    target: str | None,
    refusal: Refusal,
) -> None:
    async with store.transaction() as tx:
        await tx.targets.discovered(databases)
        await tx.commit()
    assert (await refused(access, engine, replace(WISH, target=target))).reason is refusal


async def test_a_reason_shorter_than_the_policy_wants_is_refused(
    store: PostgresStore, access: Access, clock: SetClock, engine: AsyncEngine
) -> None:
    strict = under(replace(POLICY, minimum_reason=10), store, clock)
    found = await refused(strict, engine, replace(WISH, reason="migration"))
    assert (found.reason, found.params) == (Refusal.REASON_SHORT, {"least": 10})


FULL = samples.look(*(samples.rule(f"198.51.100.{n}/32", n) for n in range(1, 61)))


@pytest.mark.parametrize(
    ("look", "refusal"),
    [(FULL, Refusal.RULES_FULL), (samples.look(enabled=False), Refusal.MTLS_NOT_ENABLED)],
)
async def test_what_the_last_look_shows_to_be_impossible_is_refused(
    store: PostgresStore, access: Access, engine: AsyncEngine, look: Look, refusal: Refusal
) -> None:
    await kept.see(store, look)
    assert (await refused(access, engine)).reason is refusal


async def test_a_full_database_can_still_be_asked_for_what_it_lets_in_already(
    store: PostgresStore, access: Access
) -> None:
    await kept.see(store, FULL)
    case = await ask(access, replace(WISH, address="198.51.100.60"))
    assert case.request.state is RequestState.PENDING


async def test_a_database_with_room_for_one_more_can_be_asked_for(
    store: PostgresStore, access: Access
) -> None:
    await kept.see(store, replace(FULL, rules=FULL.rules[1:]))
    assert (await ask(access)).request.state is RequestState.PENDING


# --- deciding --------------------------------------------------------------------------------------


async def test_approving_opens_a_grant_with_its_hard_end_and_wants_the_database(
    access: Access, clock: SetClock, engine: AsyncEngine
) -> None:
    asked = await ask(access)
    clock.present = NOW + timedelta(minutes=5)
    case = await decide(access, asked)
    assert case.grant is not None
    assert (case.grant.state, case.grant.owner, case.grant.network) == (
        GrantState.APPLYING,
        ENGINEER,
        NETWORK,
    )
    assert case.grant.ends_at == clock.present + timedelta(hours=8, minutes=20)
    assert await kept.value(engine, "SELECT wanted_version FROM targets") == 1
    assert await changes(engine) == [
        (ENGINEER, "request", "", "pending"),
        (LEAD, "request", "pending", "approved"),
        (LEAD, "grant", "", "applying"),
    ]


async def test_a_decision_is_told_and_shown_on_every_card(access: Access, engine: AsyncEngine) -> None:
    await decide(access, await ask(access))
    assert await kept.query(engine, "SELECT kind, wanted_version FROM posts ORDER BY kind") == [
        ("card.approval", 2),
        ("card.requester", 2),
        ("notice.decided", 1),
    ]


async def test_denying_opens_nothing_and_keeps_the_reason(access: Access, engine: AsyncEngine) -> None:
    case = await decide(access, await ask(access), Verdict.DENY, reason="too wide")
    assert (case.request.state, case.request.decided_at, case.grant) == (RequestState.DENIED, NOW, None)
    assert [(vote.person, vote.reason) for vote in case.decisions] == [(LEAD, "too wide")]
    assert await kept.value(engine, "SELECT wanted_version FROM targets") == 0


async def test_the_same_click_again_returns_what_it_decided(access: Access, engine: AsyncEngine) -> None:
    asked = await ask(access)
    first = await decide(access, asked)
    before = await kept.counts(engine)
    assert await decide(access, asked) == first
    assert await kept.counts(engine) == before


async def not_decided(
    access: Access, engine: AsyncEngine, case: Case, *, person: str = LEAD, key: str = "click:1"
) -> Refused:
    """Approves, and makes sure that the refusal left no row behind."""
    before = await kept.counts(engine)
    with pytest.raises(Refused) as caught:
        await decide(access, case, person=person, key=key)
    assert await kept.counts(engine) == before
    return caught.value


async def test_nobody_decides_on_their_own_request(access: Access, engine: AsyncEngine) -> None:
    asked = await ask(access, person=LEAD)
    assert (await not_decided(access, engine, asked)).reason is Refusal.APPROVER_SELF


async def test_only_approvers_decide(store: PostgresStore, access: Access, engine: AsyncEngine) -> None:
    asked = await ask(access)
    await know(store, samples.person("U0COLLEAGUE"))
    assert (await not_decided(access, engine, asked, person="U0COLLEAGUE")).reason is Refusal.APPROVER_NOT


@pytest.mark.parametrize(
    ("lead", "refusal"),
    [
        (samples.person(LEAD, deactivated=True), Refusal.PERSON_INACTIVE),
        (samples.person(LEAD, bot=True), Refusal.PERSON_INACTIVE),
        (samples.person(LEAD, guest=True), Refusal.PERSON_OUTSIDE),
        (samples.person(LEAD, external=True), Refusal.PERSON_OUTSIDE),
    ],
)
async def test_an_approver_who_is_no_member_any_more_decides_nothing(
    store: PostgresStore, access: Access, engine: AsyncEngine, lead: Person, refusal: Refusal
) -> None:
    asked = await ask(access)
    await know(store, lead)
    assert (await not_decided(access, engine, asked)).reason is refusal


async def test_an_approver_who_was_known_too_long_ago_decides_nothing(
    access: Access, engine: AsyncEngine
) -> None:
    asked = await ask(access)
    await kept.query(engine, "UPDATE people SET known_at = known_at - interval '10 minutes'")
    assert (await not_decided(access, engine, asked)).reason is Refusal.PERSON_UNKNOWN


async def test_a_second_decision_is_told_who_made_the_first(access: Access, engine: AsyncEngine) -> None:
    asked = await ask(access)
    await decide(access, asked, Verdict.DENY)
    late = await not_decided(access, engine, asked, person=LEAD2, key="click:2")
    assert late.reason is Refusal.REQUEST_DECIDED
    assert late.params == {"id": asked.request.id, "person": LEAD, "state": RequestState.DENIED, "at": NOW}


async def test_changed_terms_are_not_decided_by_an_old_button(access: Access, engine: AsyncEngine) -> None:
    asked = await ask(access)
    await kept.query(engine, "UPDATE requests SET version = version + 1")
    assert (await not_decided(access, engine, asked)).reason is Refusal.REQUEST_CHANGED


async def test_a_request_whose_end_has_passed_is_not_decided(
    access: Access, clock: SetClock, engine: AsyncEngine
) -> None:
    asked = await ask(access, replace(WISH, duration=None, until="12:00"))
    assert asked.request.terms.until is not None
    clock.present = asked.request.terms.until
    assert (await not_decided(access, engine, asked)).reason is Refusal.REQUEST_OVER


async def test_a_number_that_was_never_given_out_is_refused(access: Access) -> None:
    with pytest.raises(Refused) as caught:
        await access.decide(4711, Verdict.APPROVE, version=1, person=LEAD, key="click:1")
    assert (caught.value.reason, caught.value.params) == (Refusal.REQUEST_UNKNOWN, {"id": 4711})
    with pytest.raises(Refused):
        await access.show(4711)


async def test_asking_whether_one_may_decide_records_nothing(access: Access, engine: AsyncEngine) -> None:
    asked = await ask(access)
    before = await kept.counts(engine)
    assert await access.may_decide(asked.request.id, version=1, person=LEAD) == asked
    with pytest.raises(Refused):
        await access.may_decide(asked.request.id, version=1, person=ENGINEER)
    assert await kept.counts(engine) == before


@pytest.mark.parametrize("verdicts", [(Verdict.APPROVE,), (Verdict.APPROVE, Verdict.DENY)])
async def test_of_twenty_approvers_at_once_exactly_one_decides(
    store: PostgresStore,
    access: Access,
    clock: SetClock,
    engine: AsyncEngine,
    verdicts: tuple[Verdict, ...],
) -> None:
    asked = await ask(access)
    await know(store, *(samples.person(id) for id in CROWD))
    crowded = under(replace(POLICY, approvers=frozenset(CROWD)), store, clock)
    answers = await asyncio.gather(
        *(
            decide(crowded, asked, verdicts[n % len(verdicts)], person=person, key=f"click:{n}")
            for n, person in enumerate(CROWD)
        ),
        return_exceptions=True,
    )
    (decided,) = [answer for answer in answers if isinstance(answer, Case)]
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    (vote,) = decided.decisions
    assert [(loser.reason, loser.params["person"]) for loser in losers] == [
        (Refusal.REQUEST_DECIDED, vote.person)
    ] * 19
    after = await kept.counts(engine)
    assert (after["votes"], after["grants"]) == (1, 1 if vote.verdict is Verdict.APPROVE else 0)
    assert len(await changes(engine)) == (3 if vote.verdict is Verdict.APPROVE else 2)
    assert after["received"] == 2


# --- reading ---------------------------------------------------------------------------------------


async def test_what_is_open_is_listed_for_oneself_and_for_all(access: Access) -> None:
    mine = await ask(access)
    theirs = await ask(access, person=LEAD, key="command:2")
    assert [case.request.id for case in await access.list(requester=ENGINEER)] == [mine.request.id]
    everybodys = [case.request.id for case in await access.list(requester=None)]
    assert everybodys == [theirs.request.id, mine.request.id]


async def test_somebody_whose_profile_changed_is_looked_up_before_they_do_anything(
    access: Access, engine: AsyncEngine
) -> None:
    await access.forget_person(ENGINEER)
    assert (await refused(access, engine)).reason is Refusal.PERSON_UNKNOWN
    assert await access.locale(ENGINEER) == "en-US"
