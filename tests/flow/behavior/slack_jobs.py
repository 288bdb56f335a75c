"""Jobs that are run under every behavior of Slack."""

from collections.abc import Awaitable, Callable

from tests.flow.behavior.environment import A_WHILE, DATABASE, Switched, now
from tests.flow.behavior.heroku_jobs import REASON, an_address

Job = Callable[[Switched], Awaitable[None]]


async def an_address_by_the_form(world: Switched) -> None:
    """Requested in a form, approved, allowed, ended; App Home is opened on the way."""
    network = world.address()
    assert (await world.type("engineer", f"/pgaccess mtls add for 15m {REASON}")).ok
    number = await world.sent("engineer", address=network)
    await world.decided(number)
    await world.hears(f"{network} can reach billing")
    assert world.let_in(network) == ["Authorized"]
    assert (await world.environment.people.opens_home("engineer")).ok
    await world.until(lambda: network in str(world.environment.slack.home_for("engineer")))
    await world.times_out(number)
    assert world.let_in(network) == []


async def an_address_with_a_mention(world: Switched) -> None:
    """The reason contains a mention: the card shows it and notifies nobody."""
    network = world.address()
    number = await world.approved(f"mtls add {network} to billing for 15m because @lead said so")
    card = world.card_of(number)
    assert "said so" in card
    assert "<@U0LEAD> said so" not in card
    await world.hears(f"{network} can reach billing")
    await world.times_out(number)


async def an_address_on_a_card_that_nobody_edits_any_more(world: Switched) -> None:
    """The card stays as it was posted; the requester gets every message all the same."""
    network = world.address()
    number = await world.asked(f"mtls add {network} to billing for 15m {REASON}")
    world.environment.slack.set_behavior(edit_seconds=0.0)
    await world.decided(number)
    await world.hears(f"{network} can reach billing")
    await world.times_out(number)
    assert world.let_in(network) == []


async def an_answer_that_is_refreshed(world: Switched) -> None:
    """An answer from the last observation is repeated after the next: as a new message, or in its place."""
    before = len(world.private("engineer"))
    assert (await world.type("engineer", "/pgaccess status billing")).ok
    await world.until(lambda: "just refreshed" in "".join(world.private("engineer")[before:]))
    answers = 1 if world.environment.slack.behavior.command_replaces else 2
    assert len(world.private("engineer")[before:]) == answers


async def a_long_list(world: Switched) -> None:
    """Many rules are shown in messages within Slack's limits."""
    heroku = world.heroku
    for host in range(55):
        heroku.add_rule_externally(DATABASE, f"192.0.2.{host}/32", "x" * 60, now=now())
    await world.observed()
    before = len(world.private("engineer"))
    assert (await world.type("engineer", "/pgaccess status billing")).ok
    assert "192.0.2.7/32" in "".join(world.private("engineer")[before:])
    await an_address(world)


async def an_address_of_somebody_who_leaves(world: Switched) -> None:
    """The owner is deactivated while access is open: it is ended, whoever can be told."""
    network = world.address()
    number = await world.asked(f"mtls add {network} to billing for 15m {REASON}", person="engineer-2")
    await world.decided(number)
    await world.soon(lambda: "in force since" in world.card_of(number))
    leaver = world.environment.slack.world.person("engineer-2")
    await world.environment.people.deactivates("engineer-2")
    await world.environment.move_time(A_WHILE)
    await world.soon(lambda: f"#{number} ended" in world.card_of(number))
    assert world.let_in(network) == []
    world.environment.slack.world.people[leaver.id] = leaver
    # Told, so that the jobs after this one find a member again and not somebody whose access ends.
    await world.environment.app.services.members.person_changed(leaver.id)

    async def back() -> bool:
        async with world.environment.app.store.transaction() as tx:
            known = await tx.slack_users.find(leaver.id)
        return known is not None and not known.deactivated

    await world.until(back)
