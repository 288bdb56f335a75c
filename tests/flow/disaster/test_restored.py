"""The store is restored from after an approval: nothing is opened again that has ended, or lost unsaid."""

from datetime import timedelta

from tests.flow.disaster.drill import Drill

ISSUE = "/pgaccess mtls certificate new on billing because nightly export"


async def test_what_was_in_force_in_the_backup_and_has_ended_since_stays_closed(drill: Drill) -> None:
    await drill.open("203.0.113.4", "203.0.113.5")
    backup = await drill.backup()
    assert (await drill.type("engineer", "/pgaccess done 1")).ok
    await drill.until(lambda: drill.ours() == ["203.0.113.5/32"])

    await drill.start_on(backup)

    async def found() -> bool:
        return await drill.states() == ["interrupted", "in_force"]

    await drill.until(found)
    await drill.until(lambda: drill.told("engineer", "is no longer allowed to billing"))
    added = len(drill.calls("^POST .*ip-rules"))
    await drill.environment.move_time(timedelta(hours=9))
    await drill.all_are("ended", 2)
    assert drill.ours() == []
    assert len(drill.calls("^POST .*ip-rules")) == added


async def test_what_the_backup_would_open_or_end_too_early_is_named_before_a_worker_runs(
    drill: Drill,
) -> None:
    name = await drill.installation()
    await drill.open("203.0.113.4")
    drill.environment.faults.switch("heroku-500", on=True)
    await drill.ask("/pgaccess mtls add 203.0.113.5 for 8h because drill")
    assert (await drill.approve()).ok
    backup = await drill.backup()
    drill.environment.faults.switch("heroku-500", on=False)
    await drill.environment.refresh_twice()
    await drill.until(lambda: drill.told("engineer", "203.0.113.5/32 can reach"))
    assert (await drill.type("engineer", "/pgaccess done 2")).ok
    await drill.until(lambda: drill.ours() == ["203.0.113.4/32"])
    assert (await drill.type("engineer", "/pgaccess extend 1 for 4h because it takes longer")).ok
    await drill.until(lambda: len(drill.cards()) == 3)
    assert (await drill.approve()).ok
    await drill.until(lambda: any("#1: 203.0.113.4/32" in said for said in drill.everything()["operations"]))
    assert drill.environment.bot is not None
    await drill.environment.bot.stop()

    shown = await drill.rebuild_stopped(backup, installation=name)
    (extended,) = [line for line in shown if "request 1 of" in line]
    assert "its note has a later end than the store" in extended
    (unopened,) = [line for line in shown if "request 2 of" in line]
    assert "end it in Slack before a worker is started if it has ended" in unopened
    assert shown[-1].endswith("nothing is to be recorded again")


async def test_certificates_of_a_lost_store_are_findings(drill: Drill, empty: str) -> None:
    name = await drill.installation()
    await drill.ask(ISSUE)
    assert (await drill.approve()).ok
    await drill.until(lambda: drill.told("engineer", "ready"))
    # Not managed, and never was.
    before = [line for line in await drill.rebuild() if "certificate" in line]
    assert drill.environment.bot is not None
    await drill.environment.bot.stop()

    shown = await drill.rebuild_stopped(empty, installation=name)
    (found,) = [line for line in shown if "certificate" in line and line not in before]
    assert found.startswith("billing: certificate ")
    assert "ready, with its end on 20" in found
    assert found.endswith("/pgaccess mtls certificate list billing in Slack")
