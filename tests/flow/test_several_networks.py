"""One request for several networks: twelve ranges of a vendor, opened and closed together."""

from datetime import timedelta

import pytest

from sandbox.heroku.fixtures import DATABASE, SPACE
from tests.flow.actions import Acts

TWELVE = [f"184.28.{third}.0/24" for third in range(200, 224, 2)]
LINE = f"/pgaccess mtls add {', '.join(TWELVE)} to billing for 8h because BI reports"


async def test_twelve_ranges_are_one_command_one_card_and_one_way_from_open_to_closed(acts: Acts) -> None:
    before = set(acts.rules())
    await acts.ask(LINE)
    assert len(acts.cards()) == 1
    card = acts.card()
    assert ":warning: 12 networks with 3,072 addresses in all" in card
    assert "`184.28.222.0/24` new" in card
    assert "New rules for billing: 12; 13 of 60 used then." in card
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert set(acts.rules()) - before == set(TWELVE)
    await acts.type("engineer", "/pgaccess status billing")
    assert acts.private("engineer")[-1].count("#1") >= 12
    await acts.type("engineer", "/pgaccess list 184.28.204.7")
    assert "#1" in acts.private("engineer")[-1]
    await acts.environment.move_time(timedelta(hours=9))
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    assert set(acts.rules()) == before
    # What follows the request, what is ready, that it ends soon or has ended.
    assert len(acts.direct("engineer")) <= 4
    assert len(acts.cards()) == 1


async def test_a_grant_of_several_networks_ends_as_a_whole(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4, 203.0.113.9 198.51.100.7 to billing")
    await acts.type("engineer", "/pgaccess mtls remove 203.0.113.9 from billing")
    assert "#1 has 2 more networks than `203.0.113.9/32`, and ends as a whole" in acts.private("engineer")[-1]
    assert len(acts.ours()) == 3
    await acts.type(
        "engineer", "/pgaccess mtls remove 203.0.113.9 203.0.113.4, 198.51.100.7, 192.0.2.4 from billing"
    )
    assert "There is no rule for `192.0.2.4/32` on billing" in acts.private("engineer")[-1]
    await acts.type("engineer", "/pgaccess mtls remove 203.0.113.9 203.0.113.4, 198.51.100.7 from billing")
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    assert acts.ours() == []


async def test_a_network_that_another_grant_needs_stays(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4 to billing for 8h")
    await acts.ask("/pgaccess mtls add 203.0.113.4 203.0.113.9 to billing for 1h")
    assert "`203.0.113.4/32` already allowed by" in acts.card()
    assert "New rules for billing: 1; 3 of 60 used then." in acts.card()
    assert "no real traffic comes from there: 203.0.113.4/32, 203.0.113.9/32." in acts.card()
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "#2") and len(acts.ours()) == 2)
    await acts.until(lambda: len(acts.told("engineer", "can reach")) == 2)
    await acts.type("engineer", "/pgaccess done 2")
    await acts.until(lambda: acts.told("engineer", "#2 has ended*"))
    assert acts.ours() == ["203.0.113.4/32"]


async def test_an_approver_narrows_several_networks_to_some_of_them(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls add 203.0.113.4, 203.0.113.9, 198.51.100.0/24 to billing")
    assert (await acts.press("lead", "request.change")).ok
    assert (await acts.submit("lead", address="203.0.113.9, 198.51.100.0/25")).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert acts.ours() == ["198.51.100.0/25", "203.0.113.9/32"]


async def test_one_range_that_somebody_closes_interrupts_the_whole_grant(acts: Acts) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4, 203.0.113.9 to billing")
    now = acts.environment.clock.now()
    (gone,) = [rule for rule in acts.environment.heroku.rules(DATABASE, now=now) if "113.9" in rule.cidr]
    acts.environment.heroku.delete_rule_externally(DATABASE, gone.id, now=now)
    await acts.environment.refresh_everything()
    await acts.until(lambda: acts.told("engineer", "*#1 was removed at Heroku outside pgaccess"))
    assert await acts.states() == ["interrupted"]
    # What is left of it would be access that nobody approved in that form.
    await acts.until(lambda: acts.ours() == [])


async def test_several_ranges_of_a_space_are_one_request_too(acts: Acts) -> None:
    await acts.ask(f"/pgaccess trusted add 203.0.113.4, 198.51.100.0/24 to {SPACE} because vendor")
    assert "`198.51.100.0/24` already allowed by 198.51.100.0/24 (not managed by pgaccess)" in acts.card()
    assert "New ranges: 1; 2 of 20 used then." in acts.card()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mtls add 203.0.113.4, 203.0.113.999", "`203.0.113.999`"),
        ("mtls add 203.0.113.4, 10.0.0.1", "`10.0.0.1`"),
        ("mtls adopt 203.0.113.4, 203.0.113.9 on billing", "more than one address"),
        (
            "mtls add " + " ".join(f"203.0.113.{n}" for n in range(61)),
            "at most 60 networks, and these are 61",
        ),
    ],
)
async def test_a_list_that_cannot_be_asked_for_names_what_is_wrong(acts: Acts, line: str, said: str) -> None:
    await acts.type("engineer", f"/pgaccess {line}")
    assert said in acts.private("engineer")[-1]
    assert await acts.states() == []
