"""Access for another person under a ticket: typed, decided, delivered to its owner, and followed by both."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import POLICY, start_environment
from tests.flow.actions import Acts, heroku_emulator

ALLOWING = f"""{POLICY}
on_behalf = true
ticket = "[A-Z]+-\\\\d+"
ticket_link = "https://tracker.example.com/{{ticket}}"
"""

LINE = "/pgaccess mtls add 203.0.113.9 to billing for @engineer-2 for 3h because OPS-7: migration"
LINK = "<https://tracker.example.com/OPS-7|OPS-7>"


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """An environment whose rule lets people ask for others, and wants a ticket."""
    async with start_environment(database_url, heroku_emulator(), policy=ALLOWING) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def test_access_asked_for_another_is_theirs_and_both_follow_it(acts: Acts) -> None:
    await acts.ask(LINE)
    assert "Requested by <@U0ENGINEER> for <@U0ENGINEER2>" in acts.card()
    assert LINK in acts.card()
    assert LINK in acts.private("engineer")[-1]
    await acts.until(lambda: acts.told("engineer-2", "さんがあなたのために申請しました"))
    await acts.until(lambda: acts.told("engineer", "Your request #1 for <@U0ENGINEER2>"))
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer-2", "接続できます"))
    assert acts.told("engineer", "can reach") == []
    # The other's access is not the asker's to end.
    await acts.type("engineer", "/pgaccess done 1")
    assert await acts.states() == ["in_force"]
    await acts.type("engineer-2", "/pgaccess done 1")
    await acts.until(lambda: acts.told("engineer-2", "終了しました"))
    assert acts.ours() == []
    # Whoever asked can ask for the same again, for the same person.
    assert (await acts.press_own("engineer", "request.again")).ok
    view = acts.environment.slack.view_for("engineer")
    assert view is not None
    assert "U0ENGINEER2" in str(view["blocks"])
    ((asker, ticket),) = await acts.query("SELECT asker, ticket FROM requests")
    assert (asker, ticket) == ("U0ENGINEER", "OPS-7")
    ((said,),) = await acts.query("SELECT terms FROM audit WHERE subject = 'request' ORDER BY id LIMIT 1")
    assert (said["asker"], said["ticket"]) == ("U0ENGINEER", "OPS-7")


async def test_without_a_ticket_the_line_and_the_forms_field_say_what_is_missing(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess mtls add 203.0.113.9 to billing because migration")
    assert "`because ABC-123 migration check`" in acts.private("engineer")[-1]
    assert await acts.states() == []
    await acts.type("engineer", "/pgaccess")
    sent = await acts.submit("engineer", address="203.0.113.9", reason="migration")
    assert "ABC-123" in str(sent.errors)
    assert list(sent.errors) == ["ticket"]
    chosen = {"ticket": {"ticket": "OPS-8"}, "person": {"person": "U0ENGINEER2"}}
    assert (await acts.environment.people.submits("engineer", chosen)).ok
    await acts.until(acts.cards)
    assert "OPS-8" in acts.card()
    assert "for <@U0ENGINEER2>" in acts.card()
