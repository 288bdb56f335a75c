"""The store is lost while twenty grants of all three access methods are open."""

from datetime import UTC, datetime, timedelta

from sandbox.heroku.fixtures import DATABASE, SPACE
from tests.flow.disaster.drill import Drill

RULES = [f"203.0.113.{number}" for number in range(1, 13)]
RANGES = [f"198.51.100.{number}" for number in range(1, 5)]
ACCOUNTS = [f"11111111111{number}" for number in range(1, 5)]


def sources(drill: Drill) -> set[str]:
    listed = drill.environment.heroku.ruleset(SPACE).rules
    return {rule.source.removesuffix("/32") for rule in listed} & set(RANGES)


def accounts(drill: Drill) -> set[str]:
    link = drill.environment.heroku.privatelink(DATABASE, now=datetime.now(UTC))
    return (
        set() if link is None else {each.arn.split(":")[4] for each in link.accounts.values()} & set(ACCOUNTS)
    )


async def open_all(drill: Drill) -> None:
    """Twelve rules, four ranges and four accounts, for eight hours each."""
    because = "for 8h because of the drill that is held once a quarter"
    await drill.ask(f"/pgaccess trusted add {RANGES[0]} to {SPACE} {because}")
    assert (await drill.approve()).ok
    await drill.until(drill.replies)
    pressed = await drill.environment.people.clicks(
        "lead", channel="#approvals", ts=drill.replies()[-1]["ts"], action_id="space.support_done"
    )
    assert pressed.ok
    lines = [f"/pgaccess mtls add {each} to billing {because}" for each in RULES]
    lines += [f"/pgaccess trusted add {each} to {SPACE} {because}" for each in RANGES[1:]]
    lines += [f"/pgaccess privatelink open billing account {each} {because}" for each in ACCOUNTS]
    for line in lines:
        await drill.ask(line)
        assert (await drill.approve()).ok

    async def all_open() -> bool:
        await drill.environment.refresh_everything()
        return await drill.states() == ["in_force"] * 20

    await drill.until(all_open)

    async def told() -> bool:
        return (await drill.query("SELECT 1 FROM outbox WHERE sent_version < version")) == []

    await drill.until(told)


async def test_twenty_grants_of_all_methods_are_recorded_again_and_end_on_time(
    drill: Drill, empty: str
) -> None:
    drill.patience = 60
    await open_all(drill)
    name = await drill.installation()
    ends = {row[0]: row[1] for row in await drill.query("SELECT request_id, ends_at FROM grants")}
    assert drill.environment.bot is not None
    await drill.environment.bot.stop()

    # As the drill says: with the worker stopped.
    shown = await drill.rebuild_stopped(empty, installation=name)
    assert sum(line.endswith("within its end, becomes a grant again") for line in shown) == 20
    applied = await drill.rebuild_stopped(empty, installation=name, apply=True)
    assert applied[-1] == "20 within their end recorded again: a worker warns their owners and ends them"
    again = await drill.rebuild_stopped(empty, installation=name, apply=True)
    assert again[-1].endswith("nothing is to be recorded again")

    await drill.start_on(empty, installation=name)
    await drill.all_are("in_force", 20)
    restored = {row[0]: row[1] for row in await drill.query("SELECT request_id, ends_at FROM grants")}
    assert restored.keys() == ends.keys()
    # Never earlier than it was, and later at most by the time that opening may take.
    assert all(timedelta() <= restored[each] - ends[each] <= timedelta(minutes=45) for each in ends)
    assert (len(drill.ours()), len(sources(drill)), len(accounts(drill))) == (12, 4, 4)

    await drill.environment.move_time(timedelta(hours=10))

    async def closed() -> bool:
        await drill.environment.refresh_everything()
        return not (drill.ours() or sources(drill) or accounts(drill))

    await drill.until(closed)
    await drill.all_are("ended", 20)
