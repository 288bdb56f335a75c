"""What a keeper makes of a list that others write too, that answers oddly, or not at all; pass by pass."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import Kind
from bot.domain.trusted_ips.ruleset import LIMIT
from bot.heroku.client import HerokuClient
from bot.ports import MessageKind
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from sandbox.heroku.seeded_random import SeededRandom
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.trusted_ips_harness import MINE, OFFICE, RangePasses
from tests.summary import RANGES
from tests.unit import factories

TOKEN = "HRKU-played"
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
"""Every answer that nobody outside knows, the other way round; what a history may lack has its own tests."""

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


class Spaces(RangePasses):
    """Passes, and the seams between their calls."""

    between: Between
    behavior: Behavior = LIKELY

    def forget_history(self) -> None:
        """Heroku's history begins with the present list."""
        rulesets = self.heroku._account.space(self.space.name).rulesets
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
    base = "http://heroku.test"
    client = HerokuClient(token=TOKEN, platform_url=base, data_url=base, transport=between)
    passes = Spaces(store=store, engine=engine, heroku=heroku, client=client)
    passes.between, passes.behavior = between, behavior
    await passes.begin()
    yield passes
    await client.close()


@pytest.fixture(params=[LIKELY, UNLIKELY], ids=["likely", "unlikely"])
async def passes(
    request: pytest.FixtureRequest, store: PostgresStore, engine: AsyncEngine
) -> AsyncIterator[Spaces]:
    async with emulated(store, engine, behavior=request.param) as made:
        yield made


# --- opened, and closed ----------------------------------------------------------------------------


async def test_a_range_is_added_at_the_end_read_back_and_taken_out_again(passes: Spaces) -> None:
    grant = await passes.approved()
    await passes.look()
    assert passes.sources() == [OFFICE, MINE]
    # What a write answers proves nothing: it is read once more.
    assert await passes.state(grant) == "applying"
    assert await passes.due() <= timedelta(seconds=1)
    await passes.look()
    assert await passes.state(grant) == "in_force"
    await passes.end(grant)
    await passes.look(2)
    assert passes.sources() == [OFFICE]
    assert await passes.state(grant) == "ended"
    assert passes.calls("PUT") == 2


async def test_after_a_change_the_list_is_observed_at_after_a_minute_and_after_ten(passes: Spaces) -> None:
    await passes.end(await passes.in_force())
    await passes.look(2)
    assert timedelta(seconds=50) < await passes.due() <= timedelta(seconds=60)
    await passes.look()
    assert timedelta(minutes=9) < await passes.due() <= timedelta(minutes=10)


async def test_a_range_that_two_grants_need_stays_until_the_second_ends(passes: Spaces) -> None:
    first, second = await passes.in_force(), await passes.in_force()
    await passes.end(first)
    await passes.look(2)
    assert passes.sources() == [OFFICE, MINE]
    assert [await passes.state(each) for each in (first, second)] == ["ended", "in_force"]


async def test_a_range_that_somebody_else_wrote_serves_and_stays(passes: Spaces) -> None:
    grant = await passes.in_force(OFFICE)
    assert passes.calls("PUT") == 0
    await passes.end(grant)
    await passes.look()
    assert await passes.state(grant) == "ended"
    assert passes.sources() == [OFFICE]


async def test_where_there_is_no_room_nothing_is_written(passes: Spaces) -> None:
    passes.external_changes(*(f"198.51.100.{number}/32" for number in range(LIMIT)))
    grant = await passes.approved()
    await passes.look()
    assert (await passes.state(grant), await passes.why(grant)) == ("failed", "full")
    assert passes.calls("PUT") == 0


async def test_somebody_who_has_left_meanwhile_is_not_let_in(passes: Spaces) -> None:
    grant = await passes.approved()
    await passes.do(lambda tx: tx.slack_users.save([factories.person(deactivated=True)]))
    await passes.look()
    assert (await passes.state(grant), await passes.why(grant)) == ("failed", "person")
    assert passes.sources() == [OFFICE]


async def test_fifty_changes_approved_within_a_second_are_three_writes_at_most(
    passes: Spaces, record_property: Callable[[str, object], None]
) -> None:
    await passes.do(
        lambda tx: tx.slack_users.save([factories.person(f"U0ENGINEER{number}") for number in range(50)])
    )
    there = [await passes.in_force(f"203.0.113.{number}/32") for number in range(10)]
    before = passes.calls("PUT")
    # Forty openings of nine ranges and ten ends, as fast as they can be recorded.
    opened = [
        await passes.approved(f"203.0.113.{100 + number % 9}/32", owner=f"U0ENGINEER{number}")
        for number in range(20)
    ]
    await passes.run()
    opened += [
        await passes.approved(f"203.0.113.{100 + number % 9}/32", owner=f"U0ENGINEER{number}")
        for number in range(20, 40)
    ]
    for grant in there:
        await passes.end(grant)
    await passes.run()
    await passes.look(3)
    writes = passes.calls("PUT") - before
    record_property(RANGES, f"{len(opened) + len(there)} changes, {writes} writes")
    assert writes <= 3
    assert {await passes.state(grant) for grant in opened} == {"in_force"}
    assert {await passes.state(grant) for grant in there} == {"ended"}
    assert set(passes.sources()) == {OFFICE, *(f"203.0.113.{100 + number}/32" for number in range(9))}


# --- what others do --------------------------------------------------------------------------------


async def test_what_somebody_took_out_is_not_put_back(passes: Spaces) -> None:
    grant = await passes.in_force()
    passes.external_changes(OFFICE)
    await passes.look(2)
    assert await passes.state(grant) == "interrupted"
    assert passes.sources() == [OFFICE]
    assert MessageKind.INTERRUPTED in await passes.told()


async def test_a_range_that_is_back_after_its_proven_end_is_a_red_finding(passes: Spaces) -> None:
    await passes.end(await passes.in_force())
    await passes.look(2)
    passes.external_changes(OFFICE, MINE)
    await passes.look(2)
    assert await passes.told() == [MessageKind.RANGE_BACK]
    assert (await passes.drift()).back == {MINE}
    assert passes.sources() == [OFFICE, MINE]


async def test_a_range_that_somebody_adds_is_told_of_once(passes: Spaces) -> None:
    passes.external_changes(OFFICE, OTHER)
    await passes.look(3)
    assert await passes.told() == [MessageKind.RANGE_UNMANAGED]


async def test_a_unmanaged_range_is_taken_out_by_its_own_approval(passes: Spaces) -> None:
    passes.external_changes(OFFICE, OTHER)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    await passes.look(2)
    assert passes.sources() == [OFFICE]
    assert await passes.made(operation) == "done"


async def test_an_open_request_that_relies_on_a_unmanaged_range_keeps_it_there(passes: Spaces) -> None:
    passes.external_changes(OFFICE, MINE)
    grant = await passes.in_force()
    operation = await passes.change(Kind.REMOVE_UNMANAGED, MINE)
    await passes.look()
    assert (await passes.made(operation), await passes.state(grant)) == ("failed", "in_force")
    assert passes.sources() == [OFFICE, MINE]


async def test_a_range_that_was_taken_over_stays_until_its_own_removal(passes: Spaces) -> None:
    passes.external_changes(OFFICE, OTHER)
    adopted = await passes.change(Kind.ADOPT, OTHER)
    await passes.look(3)
    assert await passes.made(adopted) == "done"
    assert passes.sources() == [OFFICE, OTHER]
    removed = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    await passes.look(2)
    assert passes.sources() == [OFFICE]
    assert await passes.made(removed) == "done"


async def test_two_approved_requests_to_take_over_one_range_are_both_done(passes: Spaces) -> None:
    passes.external_changes(OFFICE, OTHER)
    first, second = [await passes.change(Kind.ADOPT, OTHER) for _ in range(2)]
    await passes.look(2)
    assert [await passes.made(each) for each in (first, second)] == ["done", "done"]


async def test_a_range_that_was_taken_over_and_vanishes_is_told_of(passes: Spaces) -> None:
    passes.external_changes(OFFICE, OTHER)
    await passes.change(Kind.ADOPT, OTHER)
    await passes.look(2)
    passes.external_changes(OFFICE)
    await passes.look(2)
    assert (await passes.told())[-1] == MessageKind.RANGE_MISSING
    assert (await passes.told("U0ENGINEER"))[-1] == MessageKind.RANGE_MISSING
    assert (await passes.drift()).missing == {OTHER}
    assert passes.sources() == [OFFICE]


async def test_a_list_is_never_written_empty(passes: Spaces) -> None:
    grant = await passes.in_force()
    passes.external_changes(MINE)
    await passes.end(grant)
    await passes.look(2)
    assert passes.sources() == [MINE]
    assert await passes.state(grant) == "ending"
    assert MessageKind.RANGE_STUCK in await passes.told()
    passes.external_changes(MINE, OFFICE)
    await passes.look(2)
    assert passes.sources() == [OFFICE]
    assert await passes.state(grant) == "ended"


async def test_a_source_that_is_there_twice_is_somebody_else_s_too(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine) as passes:
        grant = await passes.in_force()
        passes.external_changes(OFFICE, MINE, MINE)
        await passes.end(grant)
        await passes.look(2)
        assert await passes.state(grant) == "ended"
        assert passes.sources() == [OFFICE, MINE, MINE]


# --- what others write around our write ------------------------------------------------------------


async def test_what_somebody_writes_between_our_read_and_our_write_holds(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.once("before PUT inbound-ruleset", lambda: passes.external_changes(OTHER, "192.0.2.7/32"))
    await passes.look()
    assert passes.sources() == [OTHER, "192.0.2.7/32", MINE]
    await passes.look()
    assert await passes.state(grant) == "in_force"
    assert passes.calls("PUT") == 2


async def test_what_somebody_adds_while_we_were_about_to_is_theirs_and_stays(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.once("before PUT inbound-ruleset", lambda: passes.external_changes(OFFICE, MINE))
    await passes.look(2)
    assert await passes.state(grant) == "in_force"
    await passes.end(grant)
    await passes.look(2)
    assert await passes.state(grant) == "ended"
    assert passes.sources() == [OFFICE, MINE]


async def test_whoever_keeps_writing_over_us_is_left_to_a_person_after_five_rounds(passes: Spaces) -> None:
    await passes.approved()
    numbers = iter(range(100))

    def act(now: str) -> None:
        if now == "before PUT inbound-ruleset":
            passes.external_changes(OFFICE, f"198.51.100.{next(numbers)}/32")

    passes.between.act = act
    await passes.look()
    assert passes.calls("PUT") == 5
    assert MessageKind.RANGES_CONTENDED in await passes.told()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("behavior", "times"), [(LIKELY, 200), (UNLIKELY, 40)], ids=["likely", "unlikely"])
async def test_every_outside_change_around_our_writes_holds(
    store: PostgresStore,
    engine: AsyncEngine,
    record_property: Callable[[str, object], None],
    behavior: Behavior,
    times: int,
) -> None:
    async with emulated(store, engine, behavior=behavior) as passes:
        trials = Trials(passes, seed=4711)
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
    async with emulated(store, engine, behavior=behavior) as passes:
        trials = Trials(passes, seed=42)
        for _ in range(30):
            await trials.make()
        record_property(RANGES, f"history {behavior.history}: {trials.figures()}")
        assert trials.held < 30
        assert trials.held + trials.reported == 30


class Trials:
    """An outside writer at the seams of our calls, who adds and removes at random."""

    def __init__(self, passes: Spaces, *, seed: int) -> None:
        self._passes = passes
        self._seeded = SeededRandom(seed)
        self._pool = [f"198.51.100.{number}/32" for number in range(8)]
        self._granted: list[str] = []
        self._calls = 0
        self.outside = {OFFICE}
        self.operations = self.held = self.reported = self._made = 0
        passes.between.act = self._act

    async def make(self) -> None:
        """One trial: a range is opened or ended while others write; counts whether all their changes held."""
        self._made += 1
        self._calls = 0
        # What was before this trial is nobody's business: the history is read whole each time.
        self._passes.forget_history()
        told = (await self._passes.told()).count(MessageKind.RANGES_UNSEEN)
        source = f"203.0.113.{self._made}/32"
        opens = self._made % 2 == 1
        if opens:
            self._grant = await self._passes.approved(source)
            self._granted = [source]
        else:
            await self._passes.end(self._grant)
            self._granted = []
        due = "in_force" if opens else "ended"
        for _ in range(4):
            await self._passes.look()
            if await self._passes.state(self._grant) == due:
                break
        else:
            raise AssertionError(f"it is not {due}")
        there = set(self._passes.sources())
        held = there == self.outside | set(self._granted)
        self.held += held
        if not held:
            now = (await self._passes.told()).count(MessageKind.RANGES_UNSEEN)
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
        for _ in range(max(0, self._drawn(4) - 1)):
            self._change()

    def _change(self) -> None:
        source, there = self._pool[self._drawn(len(self._pool))], self._passes.sources()
        if source in there:
            self._passes.external_changes(*(each for each in there if each != source))
            self.outside.discard(source)
        else:
            at = self._drawn(len(there) + 1)
            self._passes.external_changes(*there[:at], source, *there[at:])
            self.outside.add(source)
        self.operations += 1

    def _drawn(self, most: int) -> int:
        """A number from 0 on, below another."""
        return self._seeded.uuid().int % most


# --- answers that are odd, late or lost ------------------------------------------------------------


async def test_an_answer_that_was_lost_is_found_in_the_history_at_once(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.once("before PUT inbound-ruleset", lambda: passes.external_changes(OFFICE, OTHER))
    passes.heroku.fault(fault_injection.lost_answer(), on=PUT, times=1)
    await passes.look()
    # Ours undid what somebody had just added; the next pass sees that, and writes it back.
    assert passes.sources() == [OFFICE, MINE]
    await passes.look()
    assert passes.sources() == [OFFICE, OTHER, MINE]
    await passes.look()
    assert await passes.state(grant) == "in_force"


async def test_a_write_that_did_not_land_is_only_read_for_a_minute_and_then_repeated(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.status(500), on=PUT, times=1)
    await passes.look(3)
    assert passes.calls("PUT") == 1
    await passes.minute()
    await passes.look(2)
    assert passes.calls("PUT") == 2
    assert await passes.state(grant) == "in_force"


async def test_a_source_that_never_landed_and_appears_later_is_somebody_else_s(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.status(500), on=PUT, times=1)
    await passes.look()
    await passes.end(grant)
    await passes.minute()
    await passes.look(2)
    assert await passes.state(grant) == "ended"
    passes.external_changes(OFFICE, MINE)
    await passes.look(3)
    assert passes.sources() == [OFFICE, MINE]


async def test_a_process_that_dies_after_its_write_loses_nobody_s_change(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.once("before PUT inbound-ruleset", lambda: passes.external_changes(OFFICE, OTHER))
    passes.heroku.fault(fault_injection.status(500), on=HISTORY, times=1)
    # As if it had died: the look around the write is still due, whoever makes it.
    await passes.query("CREATE TABLE kept_writes AS SELECT * FROM ruleset_writes")
    await passes.query(
        "CREATE FUNCTION keep_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    )
    await passes.query(
        "CREATE TRIGGER dies BEFORE DELETE ON ruleset_writes FOR EACH ROW EXECUTE FUNCTION keep_it()"
    )
    await passes.look()
    assert passes.sources() == [OFFICE, MINE]
    await passes.query("DROP TRIGGER dies ON ruleset_writes")
    await passes.look()
    assert passes.sources() == [OFFICE, OTHER, MINE]
    await passes.look()
    assert await passes.state(grant) == "in_force"


async def test_a_refused_write_fails_what_was_to_be_opened_with_heroku_s_words(passes: Spaces) -> None:
    grant = await passes.approved()
    passes.heroku.fault(fault_injection.status(422, "invalid_params"), on=PUT, times=1)
    await passes.look()
    assert (await passes.state(grant), await passes.why(grant)) == ("failed", "refused")
    await passes.look(2)
    assert passes.calls("PUT") == 1


async def test_a_list_that_is_stored_only_is_written_again_and_not_called_in_force(passes: Spaces) -> None:
    said = passes.behavior.applied != "absent"
    passes.heroku.leave_unapplied(passes.space.name)
    grant = await passes.approved()
    await passes.look(2)
    if not said:
        # Then only the list's content decides.
        assert await passes.state(grant) == "in_force"
        return
    assert await passes.state(grant) == "applying"
    # It may take a while by itself: it is not written again at once.
    assert passes.calls("PUT") == 1
    await passes.fifteen_seconds()
    await passes.look(2)
    assert passes.calls("PUT") == 2
    assert await passes.state(grant) == "in_force"


async def test_a_list_of_somebody_else_that_stays_stored_only_is_told_of_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine) as passes:
        passes.heroku.leave_unapplied(passes.space.name)
        passes.external_changes(OFFICE)
        await passes.look()
        assert await passes.told() == []
        await passes.look(2)
        assert await passes.told() == [MessageKind.RANGES_UNAPPLIED]
        assert passes.calls("PUT") == 0


async def test_an_end_that_is_stored_only_is_no_end(store: PostgresStore, engine: AsyncEngine) -> None:
    async with emulated(store, engine) as passes:
        grant = await passes.in_force()
        passes.heroku.leave_unapplied(passes.space.name)
        await passes.end(grant)
        await passes.look(2)
        assert passes.sources() == [OFFICE]
        assert await passes.state(grant) == "ending"
        await passes.fifteen_seconds()
        await passes.look(2)
        assert await passes.state(grant) == "ended"


async def test_where_every_list_is_stored_only_at_first_each_is_written_twice(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(store, engine, behavior=replace(LIKELY, applied="false")) as passes:
        grant = await passes.approved()
        await passes.look(2)
        await passes.fifteen_seconds()
        await passes.look(2)
        assert await passes.state(grant) == "in_force"
        assert passes.calls("PUT") == 2
