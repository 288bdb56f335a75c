"""What is said of reach while somebody else's wider rule allows the same address, from Heroku to Slack."""

from sandbox.heroku.fixtures import OFFICE
from tests.flow.actions import Acts

INSIDE = "198.51.100.7/32"
UNMANAGED = f"{OFFICE} (not managed by pgaccess)"


async def test_a_revocation_under_an_unmanaged_network_says_before_and_after_what_still_allows_the_address(
    acts: Acts,
) -> None:
    await acts.ask("/pgaccess mtls add 198.51.100.7 to billing")
    assert f"Already covered by {UNMANAGED}" in acts.card()
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", f"{INSIDE} can reach billing"))
    await acts.until(lambda: "grant.revoke" in str(acts.cards()[-1]))
    asked = str(acts.cards()[-1]["blocks"])
    assert f"As last read at Heroku, {INSIDE} stays allowed to billing, by {UNMANAGED}" in asked

    assert (await acts.press("lead", "grant.revoke")).ok
    assert f"After that, {INSIDE} is still allowed to billing by {UNMANAGED}" in acts.private("lead")[-1]
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    (said,) = acts.told("engineer", "#1 has ended")
    assert f"{INSIDE} is still allowed to billing by {UNMANAGED}" in said
    assert f"`/pgaccess mtls remove {OFFICE} from billing`" in said
    assert f"`/pgaccess mtls adopt {OFFICE} on billing`" in said
    await acts.until(lambda: f"{INSIDE} is still allowed to billing by {UNMANAGED}" in acts.card())
    assert acts.ours() == []


async def test_one_of_two_grants_of_an_address_ends_and_the_other_is_named(acts: Acts) -> None:
    await acts.ask_and_open()
    await acts.ask("/pgaccess mtls add 203.0.113.0/24 to billing", person="engineer-2")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer-2", "接続できます"))
    await acts.type("engineer", "/pgaccess done 1")
    assert "still allowed to billing by 203.0.113.0/24 (#2)" in acts.private("engineer")[-1]
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    (said,) = acts.told("engineer", "#1 has ended")
    assert "203.0.113.4/32 is still allowed to billing by 203.0.113.0/24 (#2)" in said
    assert "`/pgaccess show 2`" in said


async def test_an_end_that_closes_the_address_says_so_and_nothing_else(acts: Acts) -> None:
    await acts.ask_and_open()
    await acts.type("engineer", "/pgaccess done 1")
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    (said,) = acts.told("engineer", "#1 has ended")
    assert "it no longer allows 203.0.113.4/32 → billing" in said
    assert "still" not in said


async def test_why_says_what_allows_an_address_whose_request_is_undecided(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls add 198.51.100.9 to billing")
    await acts.type("engineer", "/pgaccess why billing")
    said = acts.private("engineer")[-1]
    assert f"198.51.100.9/32 is allowed by {UNMANAGED}, and not by #1: " in said
    assert "waiting for approval" in said


async def test_why_about_an_address_says_what_allows_it_although_nobody_requested_it(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess why 198.51.100.9 on billing")
    assert f"198.51.100.9/32 is allowed to billing by {UNMANAGED}." in acts.private("engineer")[-1]
    await acts.type("engineer", "/pgaccess why 198.51.100.9 on acme-private")
    assert f"198.51.100.9/32 is allowed to acme-private by {UNMANAGED}." in acts.private("engineer")[-1]
    await acts.type("engineer", "/pgaccess why 203.0.113.9 on billing")
    assert "Nothing that Heroku lists allows 203.0.113.9/32 to billing." in acts.private("engineer")[-1]


async def test_why_does_not_show_a_request_as_the_cause_of_what_another_one_opened(acts: Acts) -> None:
    await acts.ask_and_open()
    await acts.ask(person="engineer-2")
    await acts.type("engineer-2", "/pgaccess why billing")
    said = acts.private("engineer-2")[-1]
    assert "203.0.113.4/32 は 203.0.113.4/32 (#1) により許可されています。#2 によるものではありません" in said
