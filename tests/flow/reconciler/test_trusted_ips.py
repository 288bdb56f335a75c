"""Reconciling a list that others write too, that answers oddly, or not at all; run by run."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import Kind
from bot.domain.trusted_ips.ruleset import LIMIT
from bot.ports import MessageKind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import OFFICE, default_world
from sandbox.heroku.seeded_random import SeededRandom
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.harness import TOKEN, heroku_client
from tests.flow.reconciler.trusted_ips_harness import MINE, TrustedIpsHarness
from tests.summary import RANGES
from tests.unit import factories
from tests.unit.storage import store_helpers

OTHER = "203.0.113.5/32"
PUT = "PUT .*/inbound-ruleset"
HISTORY = "GET .*/inbound-rulesets"

LIKELY = Behavior()
UNLIKELY = Behavior(
    ruleset_created=200,
    ranges_full=400,
    duplicate_ranges="refuse",
    host_bits="masked",
    applied="absent",
    history_order="oldest",
)
"""Every undocumented answer the other way round; what a history may lack has its own tests."""

SILENT = [Behavior(history=answer) for answer in ("current", "empty", "missing", "error")]
"""Histories that do not tell."""

Seam = Callable[[str], None]


@dataclass
class Between(httpx.AsyncBaseTransport):
    """Carries our calls, and lets somebody else act just before and just after each.

    Attributes:
        act: what they do; told whether it is ``before`` or ``after``, and the call.
    """

    inner: httpx.AsyncBaseTransport
    act: Seam = field(default=lambda _: None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self.act(f"before {call}")
        response = await self.inner.handle_async_request(request)
        self.act(f"after {call}")
        return response


class Spaces(TrustedIpsHarness):
    """TrustedIpsHarness, and the seams between their calls."""

    between: Between
    behavior: Behavior = LIKELY

    def forget_history(self) -> None:
        """Heroku's history begins with the present list."""
        rulesets = self.heroku._account.space(self.target.name).rulesets
        del rulesets[:-1]

    def once(self, when: str, act: Callable[[], None]) -> None:
        """Somebody else acts, one time, before or after a call."""
        left = [act]

        def seam(now: str) -> None:
            if now == when and left:
                left.pop()()

        self.between.act = seam


@contextlib.asynccontextmanager
async def emulated(
    store: PostgresStore, engine: AsyncEngine, *, behavior: Behavior = LIKELY
) -> AsyncIterator[Spaces]:
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=behavior)
    between = Between(httpx.ASGITransport(heroku_server(heroku)))
    async with heroku_client(heroku, between) as client:
        harness = Spaces(store=store, engine=engine, heroku=heroku, client=client)
        harness.between, harness.behavior = between, behavior
        await harness.begin()
        yield harness


@pytest.fixture(params=[LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def harness(
    request: pytest.FixtureRequest, store: PostgresStore, engine: AsyncEngine
) -> AsyncIterator[Spaces]:
    async with emulated(store, engine, behavior=request.param) as made:
        yield made


# --- opened, and closed ----------------------------------------------------------------------------


async def test_a_range_is_added_at_the_end_read_back_and_taken_out_again(harness: Spaces) -> None:
    grant = await harness.approve()
    await harness.reconcile()
    assert harness.sources() == [OFFICE, MINE]
    # What a write answers proves nothing: it is read once more.
    assert await harness.state(grant) == "applying"
    assert await harness.due() <= timedelta(seconds=1)
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    await harness.end(grant)
    await harness.reconcile(2)
    assert harness.sources() == [OFFICE]
    assert await harness.state(grant) == "ended"
    assert harness.writes() == 2


async def test_after_a_change_the_list_is_observed_at_after_a_minute_and_after_ten(harness: Spaces) -> None:
    await harness.end(await harness.open())
    await harness.reconcile(2)
    assert timedelta(seconds=50) < await harness.due() <= timedelta(seconds=60)
    await harness.reconcile()
    assert timedelta(minutes=9) < await harness.due() <= timedelta(minutes=10)


async def test_a_range_that_two_grants_need_stays_until_the_second_ends(harness: Spaces) -> None:
    first, second = await harness.open(), await harness.open()
    await harness.end(first)
    await harness.reconcile(2)
    assert harness.sources() == [OFFICE, MINE]
    assert [await harness.state(each) for each in (first, second)] == ["ended", "in_force"]


async def test_a_range_that_somebody_else_wrote_serves_and_stays(harness: Spaces) -> None:
    grant = await harness.open(OFFICE)
    assert harness.writes() == 0
    await harness.end(grant)
    await harness.reconcile()
    assert await harness.state(grant) == "ended"
    assert harness.sources() == [OFFICE]


async def test_where_there_is_no_room_nothing_is_written(harness: Spaces) -> None:
    harness.write_externally(*(f"198.51.100.{number}/32" for number in range(LIMIT)))
    grant = await harness.approve()
    await harness.reconcile()
    assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "full")
    assert harness.writes() == 0


async def test_somebody_who_has_left_meanwhile_is_not_allowed(harness: Spaces) -> None:
    grant = await harness.approve()
    await harness.do(lambda tx: tx.slack_users.save([factories.person(deactivated=True)]))
    await harness.reconcile()
    assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "person")
    assert harness.sources() == [OFFICE]


async def test_fifty_changes_approved_within_a_second_are_three_writes_at_most(
    harness: Spaces, record_property: Callable[[str, object], None]
) -> None:
    await harness.do(
        lambda tx: tx.slack_users.save([factories.person(f"U0ENGINEER{number}") for number in range(50)])
    )
    there = [await harness.open(f"203.0.113.{number}/32") for number in range(10)]
    before = harness.writes()
    # Forty openings of nine ranges and ten ends, as fast as they can be recorded.
    opened = [
        await harness.approve(f"203.0.113.{100 + number % 9}/32", owner=f"U0ENGINEER{number}")
        for number in range(20)
    ]
    await harness.run()
    opened += [
        await harness.approve(f"203.0.113.{100 + number % 9}/32", owner=f"U0ENGINEER{number}")
        for number in range(20, 40)
    ]
    for grant in there:
        await harness.end(grant)
    await harness.run()
    await harness.reconcile(3)
    writes = harness.writes() - before
    record_property(RANGES, f"{len(opened) + len(there)} changes, {writes} writes")
    assert writes <= 3
    assert {await harness.state(grant) for grant in opened} == {"in_force"}
    assert {await harness.state(grant) for grant in there} == {"ended"}
    assert set(harness.sources()) == {OFFICE, *(f"203.0.113.{100 + number}/32" for number in range(9))}


# --- what others do --------------------------------------------------------------------------------


async def test_what_somebody_took_out_is_not_put_back(harness: Spaces) -> None:
    grant = await harness.open()
    harness.write_externally(OFFICE)
    await harness.reconcile(2)
    assert await harness.state(grant) == "interrupted"
    assert harness.sources() == [OFFICE]
    assert MessageKind.INTERRUPTED in await harness.messages()


async def test_a_range_that_is_back_after_its_proven_end_is_a_red_finding(harness: Spaces) -> None:
    await harness.end(await harness.open())
    await harness.reconcile(2)
    harness.write_externally(OFFICE, MINE)
    await harness.reconcile(2)
    assert await harness.messages() == [MessageKind.RANGE_BACK]
    assert (await harness.drift()).back == {MINE}
    assert harness.sources() == [OFFICE, MINE]


async def test_a_range_that_somebody_adds_is_told_of_once(harness: Spaces) -> None:
    harness.write_externally(OFFICE, OTHER)
    await harness.reconcile(3)
    assert await harness.messages() == [MessageKind.RANGE_UNMANAGED]


async def test_an_unmanaged_range_is_taken_out_by_its_own_approval(harness: Spaces) -> None:
    harness.write_externally(OFFICE, OTHER)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    await harness.reconcile(2)
    assert harness.sources() == [OFFICE]
    assert await harness.result(operation) == ("done", None)


async def test_an_open_request_that_relies_on_an_unmanaged_range_keeps_it_there(harness: Spaces) -> None:
    harness.write_externally(OFFICE, MINE)
    grant = await harness.open()
    operation = await harness.start(Kind.REMOVE_UNMANAGED, MINE)
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "needed")
    assert await harness.state(grant) == "in_force"
    assert harness.sources() == [OFFICE, MINE]


async def test_a_range_that_was_adopted_stays_until_its_own_removal(harness: Spaces) -> None:
    harness.write_externally(OFFICE, OTHER)
    adopted = await harness.start(Kind.ADOPT, OTHER)
    await harness.reconcile(3)
    assert await harness.result(adopted) == ("done", None)
    assert harness.sources() == [OFFICE, OTHER]
    removed = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    await harness.reconcile(2)
    assert harness.sources() == [OFFICE]
    assert await harness.result(removed) == ("done", None)


async def test_two_approved_requests_to_adopt_one_range_are_both_done(harness: Spaces) -> None:
    harness.write_externally(OFFICE, OTHER)
    first, second = [await harness.start(Kind.ADOPT, OTHER) for _ in range(2)]
    await harness.reconcile(2)
    assert [await harness.result(each) for each in (first, second)] == [("done", None)] * 2


async def test_a_range_that_was_adopted_and_vanishes_is_told_of(harness: Spaces) -> None:
    harness.write_externally(OFFICE, OTHER)
    await harness.start(Kind.ADOPT, OTHER)
    await harness.reconcile(2)
    harness.write_externally(OFFICE)
    await harness.reconcile(2)
    assert (await harness.messages())[-1] == MessageKind.RANGE_MISSING
    assert (await harness.messages("U0ENGINEER"))[-1] == MessageKind.RANGE_MISSING
    assert (await harness.drift()).missing == {OTHER}
    assert harness.sources() == [OFFICE]


async def test_a_list_is_never_written_empty(harness: Spaces) -> None:
    grant = await harness.open()
    harness.write_externally(MINE)
    await harness.end(grant)
    await harness.reconcile(2)
    assert harness.sources() == [MINE]
    assert await harness.state(grant) == "ending"
    assert MessageKind.RANGE_STUCK in await harness.messages()
    harness.write_externally(MINE, OFFICE)
    await harness.reconcile(2)
    assert harness.sources() == [OFFICE]
    assert await harness.state(grant) == "ended"


async def test_a_source_that_is_there_twice_is_somebody_else_s_too(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine) as harness:
        grant = await harness.open()
        harness.write_externally(OFFICE, MINE, MINE)
        await harness.end(grant)
        await harness.reconcile(2)
        assert await harness.state(grant) == "ended"
        assert harness.sources() == [OFFICE, MINE, MINE]


# --- what others write around our write ------------------------------------------------------------


async def test_what_somebody_writes_between_our_read_and_our_write_holds(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.once("before PUT inbound-ruleset", lambda: harness.write_externally(OTHER, "192.0.2.7/32"))
    await harness.reconcile()
    assert harness.sources() == [OTHER, "192.0.2.7/32", MINE]
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"
    assert harness.writes() == 2


async def test_what_somebody_adds_while_we_were_about_to_is_theirs_and_stays(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.once("before PUT inbound-ruleset", lambda: harness.write_externally(OFFICE, MINE))
    await harness.reconcile(2)
    assert await harness.state(grant) == "in_force"
    await harness.end(grant)
    await harness.reconcile(2)
    assert await harness.state(grant) == "ended"
    assert harness.sources() == [OFFICE, MINE]


async def test_whoever_keeps_writing_over_us_is_left_to_a_person_after_five_rounds(harness: Spaces) -> None:
    await harness.approve()
    numbers = iter(range(100))

    def act(now: str) -> None:
        if now == "before PUT inbound-ruleset":
            harness.write_externally(OFFICE, f"198.51.100.{next(numbers)}/32")

    harness.between.act = act
    await harness.reconcile()
    assert harness.writes() == 5
    assert MessageKind.RANGES_CONTENDED in await harness.messages()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("behavior", "times"), [(LIKELY, 200), (UNLIKELY, 40)], ids=["likely", "unlikely"])
async def test_every_outside_change_around_our_writes_holds(
    store: PostgresStore,
    engine: AsyncEngine,
    record_property: Callable[[str, object], None],
    behavior: Behavior,
    times: int,
) -> None:
    async with emulated(store, engine, behavior=behavior) as harness:
        trials = Trials(harness, seed=4711)
        for _ in range(times):
            await trials.make()
        record_property(RANGES, f"history {behavior.history_order} first: {trials.figures()}")
        assert trials.held == times
        assert trials.operations > 5 * times


@pytest.mark.parametrize("behavior", SILENT, ids=[each.history for each in SILENT])
async def test_without_a_history_each_loss_is_reported(
    store: PostgresStore,
    engine: AsyncEngine,
    record_property: Callable[[str, object], None],
    behavior: Behavior,
) -> None:
    async with emulated(store, engine, behavior=behavior) as harness:
        trials = Trials(harness, seed=42)
        for _ in range(30):
            await trials.make()
        record_property(RANGES, f"history {behavior.history}: {trials.figures()}")
        assert trials.held < 30
        assert trials.held + trials.reported == 30


class Trials:
    """An outside writer at the seams of our calls, who adds and removes at random."""

    def __init__(self, harness: Spaces, *, seed: int) -> None:
        self._harness = harness
        self._seeded = SeededRandom(seed)
        self._pool = [f"198.51.100.{number}/32" for number in range(8)]
        self._granted: list[str] = []
        self._calls = 0
        self.outside = {OFFICE}
        self.operations = self.held = self.reported = self._made = 0
        harness.between.act = self._act

    async def make(self) -> None:
        """One trial: a range is opened or ended while others write; counts whether all their changes held."""
        self._made += 1
        self._calls = 0
        # What was before this trial does not count: the history is read whole each time.
        self._harness.forget_history()
        told = (await self._harness.messages()).count(MessageKind.RANGES_UNSEEN)
        source = f"203.0.113.{self._made}/32"
        opens = self._made % 2 == 1
        if opens:
            self._grant = await self._harness.approve(source)
            self._granted = [source]
        else:
            await self._harness.end(self._grant)
            self._granted = []
        due = "in_force" if opens else "ended"
        for _ in range(4):
            await self._harness.reconcile()
            if await self._harness.state(self._grant) == due:
                break
        else:
            raise AssertionError(f"it is not {due}")
        there = set(self._harness.sources())
        held = there == self.outside | set(self._granted)
        self.held += held
        if not held:
            now = (await self._harness.messages()).count(MessageKind.RANGES_UNSEEN)
            self.reported += now > told
            # What is lost is lost; the next trial begins with what is there.
            self.outside = there - set(self._granted)

    def figures(self) -> str:
        return f"{self.held} of {self._made} trials held all of {self.operations} outside changes" + (
            f", {self.reported} losses reported" if self.held < self._made else ""
        )

    def _act(self, now: str) -> None:
        """At the first few calls of a trial, before or after each, up to two changes or none."""
        if "inbound-ruleset" not in now:
            return
        self._calls += 1
        if self._calls > 8:
            return
        for _ in range(max(0, self._pick(4) - 1)):
            self._change()

    def _change(self) -> None:
        source, there = self._pool[self._pick(len(self._pool))], self._harness.sources()
        if source in there:
            self._harness.write_externally(*(each for each in there if each != source))
            self.outside.discard(source)
        else:
            at = self._pick(len(there) + 1)
            self._harness.write_externally(*there[:at], source, *there[at:])
            self.outside.add(source)
        self.operations += 1

    def _pick(self, most: int) -> int:
        """A number from 0 on, below another."""
        return self._seeded.uuid().int % most


# --- answers that are odd, late or lost ------------------------------------------------------------


async def test_an_answer_that_was_lost_is_found_in_the_history_at_once(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.once("before PUT inbound-ruleset", lambda: harness.write_externally(OFFICE, OTHER))
    harness.heroku.fault(fault_injection.lost_answer(), on=PUT, times=1)
    await harness.reconcile()
    # Ours undid what somebody had just added; the next run sees that, and writes it back.
    assert harness.sources() == [OFFICE, MINE]
    await harness.reconcile()
    assert harness.sources() == [OFFICE, OTHER, MINE]
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"


async def test_a_write_that_did_not_land_is_only_read_for_a_minute_and_then_repeated(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.status(500), on=PUT, times=1)
    await harness.reconcile(3)
    assert harness.writes() == 1
    await harness.wait_a_minute()
    await harness.reconcile(2)
    assert harness.writes() == 2
    assert await harness.state(grant) == "in_force"


async def test_a_source_that_never_landed_and_appears_later_is_somebody_else_s(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.status(500), on=PUT, times=1)
    await harness.reconcile()
    await harness.end(grant)
    await harness.wait_a_minute()
    await harness.reconcile(2)
    assert await harness.state(grant) == "ended"
    harness.write_externally(OFFICE, MINE)
    await harness.reconcile(3)
    assert harness.sources() == [OFFICE, MINE]


async def test_a_process_that_dies_after_its_write_loses_nobody_s_change(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.once("before PUT inbound-ruleset", lambda: harness.write_externally(OFFICE, OTHER))
    harness.heroku.fault(fault_injection.status(500), on=HISTORY, times=1)
    # As if it had died: the history around the write is still to be read.
    await store_helpers.query(
        harness.engine,
        "CREATE FUNCTION keep_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    )
    await store_helpers.query(
        harness.engine,
        "CREATE TRIGGER dies BEFORE DELETE ON ruleset_writes FOR EACH ROW EXECUTE FUNCTION keep_it()",
    )
    await harness.reconcile()
    assert harness.sources() == [OFFICE, MINE]
    await store_helpers.query(harness.engine, "DROP TRIGGER dies ON ruleset_writes")
    await harness.reconcile()
    assert harness.sources() == [OFFICE, OTHER, MINE]
    await harness.reconcile()
    assert await harness.state(grant) == "in_force"


async def test_a_refused_write_fails_what_was_to_be_opened_with_heroku_s_words(harness: Spaces) -> None:
    grant = await harness.approve()
    harness.heroku.fault(fault_injection.status(422, "invalid_params"), on=PUT, times=1)
    await harness.reconcile()
    assert (await harness.state(grant), await harness.reason(grant)) == ("failed", "refused")
    await harness.reconcile(2)
    assert harness.writes() == 1


async def test_a_list_that_is_stored_only_is_written_again_and_not_called_in_force(harness: Spaces) -> None:
    said = harness.behavior.applied != "absent"
    harness.heroku.leave_unapplied(harness.target.name)
    grant = await harness.approve()
    await harness.reconcile(2)
    if not said:
        # Then only the list's content decides.
        assert await harness.state(grant) == "in_force"
        return
    assert await harness.state(grant) == "applying"
    # It may take a while by itself: it is not written again at once.
    assert harness.writes() == 1
    await harness.wait(seconds=15)
    await harness.reconcile(2)
    assert harness.writes() == 2
    assert await harness.state(grant) == "in_force"


async def test_a_list_of_somebody_else_that_stays_stored_only_is_told_of_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine) as harness:
        harness.heroku.leave_unapplied(harness.target.name)
        harness.write_externally(OFFICE)
        await harness.reconcile()
        assert await harness.messages() == []
        await harness.reconcile(2)
        assert await harness.messages() == [MessageKind.RANGES_UNAPPLIED]
        assert harness.writes() == 0


async def test_an_end_that_is_stored_only_is_no_end(store: PostgresStore, engine: AsyncEngine) -> None:
    async with emulated(store, engine) as harness:
        grant = await harness.open()
        harness.heroku.leave_unapplied(harness.target.name)
        await harness.end(grant)
        await harness.reconcile(2)
        assert harness.sources() == [OFFICE]
        assert await harness.state(grant) == "ending"
        await harness.wait(seconds=15)
        await harness.reconcile(2)
        assert await harness.state(grant) == "ended"


async def test_where_every_list_is_stored_only_at_first_each_is_written_twice(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, behavior=replace(LIKELY, applied="false")) as harness:
        grant = await harness.approve()
        await harness.reconcile(2)
        await harness.wait(seconds=15)
        await harness.reconcile(2)
        assert await harness.state(grant) == "in_force"
        assert harness.writes() == 2
