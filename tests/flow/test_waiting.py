"""Whoever waits for Heroku reads on their one message why, since when, and whether it goes on by itself."""

from datetime import datetime, timedelta

import pytest

from sandbox.heroku import fault_injection
from tests.flow.actions import Acts
from tests.flow.test_closings import LINE, WHYS, break_heroku, mend_heroku


@pytest.mark.parametrize("why", WHYS)
async def test_a_requester_reads_why_it_does_not_go_on_and_what_it_takes_to_go_on(
    acts: Acts, why: str
) -> None:
    fault, said = WHYS[why]
    await break_heroku(acts, fault)
    await acts.ask(LINE)
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "on hold since"))
    (held,) = acts.told("engineer", "on hold since")
    assert said in held
    needs_somebody = why == "a refused token"
    assert ("continues by itself" in held) is not needs_somebody
    assert ("renewed the token" in held) is needs_somebody
    await mend_heroku(acts)
    await acts.until(lambda: acts.told("engineer", "can reach"))
    await acts.until(lambda: not acts.told("engineer", "on hold since"))


async def test_a_granted_hour_is_an_hour_after_an_outage(acts: Acts) -> None:
    await break_heroku(acts, fault_injection.status(503))
    await acts.ask("/pgaccess mtls add 203.0.113.4 for 1h")
    assert (await acts.approve()).ok
    for _ in range(2):
        ((before,),) = await acts.query("SELECT ends_at FROM grants")
        await acts.environment.move_time(timedelta(minutes=20))

        async def moved(before: datetime = before) -> bool:
            await acts.environment.refresh_everything()
            ((end,),) = await acts.query("SELECT ends_at FROM grants")
            # Each attempt postpones the end by what has passed, also one that was under way before the move.
            return bool(end - before >= timedelta(minutes=20))

        await acts.until(moved)
    await mend_heroku(acts)
    await acts.until(lambda: acts.told("engineer", "can reach"))
    ((granted,),) = await acts.query("SELECT ends_at - verified_at FROM grants")
    assert granted == timedelta(hours=1)


async def test_an_operation_that_waits_says_so(acts: Acts) -> None:
    await break_heroku(acts, fault_injection.status(503))
    await acts.ask("/pgaccess mtls certificate new on billing because nightly export")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "on hold since"))
    await mend_heroku(acts)
    await acts.until(lambda: acts.told("engineer", "is ready"))


async def test_operations_hear_of_an_outage_and_of_its_end(acts: Acts) -> None:
    acts.environment.heroku.fault(fault_injection.status(503), times=None, name="outage")

    def operations(what: str) -> list[dict[str, object]]:
        return [message for message in acts.messages("#operations") if what in str(message)]

    async def told() -> bool:
        await acts.environment.refresh_everything()
        return bool(operations("out of sync"))

    await acts.until(told)
    await mend_heroku(acts)
    await acts.until(lambda: operations("can be used again"))
    await acts.until(lambda: operations("was out of sync"))
    assert len(operations("can be used again")) == 1
