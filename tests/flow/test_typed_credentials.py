"""A credential that somebody types is refused wherever free text is taken, and is stored nowhere."""

import pytest

from tests.flow.actions import Acts

URL = "postgres://u:Xq7word@db.example.com/main"
TYPED = [URL, "HRKU-01234567-89ab-cdef-0123-456789abcdef", "xoxb-1234-abcdefgh", "password=Xq7word"]

LINES = [
    "mtls add 203.0.113.4 to billing because {}",
    "mtls add {} to billing",
    "mtls remove 203.0.113.4 from billing because {}",
    "mtls certificate new on billing because {}",
    "mtls certificate remove 1 because {}",
    "mtls certificate rotate 1 because {}",
    "mtls enable billing because {}",
    "mtls disable billing because {}",
    "privatelink open billing account 123456789012 because {}",
    "privatelink close billing because {}",
    "trusted add 203.0.113.4 to acme-private because {}",
    "revoke <@U0ENGINEER|engineer> because {}",
    "revoke 1 because {}",
    "extend 1 for 2h because {}",
    "cancel 1 because {}",
    "done 1 because {}",
    "retry 1 because {}",
    "{}",
]


PARTS = ("Xq7word", "HRKU-0123", "xoxb-1234")


async def stored(acts: Acts) -> str:
    """Every row of the store that holds text of people."""
    texts = [
        *await acts.query("SELECT t::text FROM requests AS t"),
        *await acts.query("SELECT t::text FROM decisions AS t"),
        *await acts.query("SELECT t::text FROM audit AS t"),
        *await acts.query("SELECT t::text FROM outbox AS t"),
    ]
    # Each value by itself: a row's own text is cut.
    return "".join(row[0] for row in texts)


async def test_no_command_takes_a_credential(acts: Acts) -> None:
    await acts.ask_and_open()
    before = await acts.query("SELECT id FROM requests")
    for place, line in enumerate(LINES):
        for typed in (TYPED[place % len(TYPED)], URL):
            await acts.type("engineer", f"/pgaccess {line.format(typed)}")
            said = acts.private("engineer")[-1]
            assert "looks like it contains a password" in said, line
            assert not [part for part in PARTS if part in said], line
    assert await acts.query("SELECT id FROM requests") == before
    assert not [part for part in PARTS if part in await stored(acts)]


@pytest.mark.parametrize("typed", TYPED)
async def test_no_form_takes_a_credential(acts: Acts, typed: str) -> None:
    await acts.type("engineer", "/pgaccess mtls add")
    refused = await acts.submit("engineer", address="203.0.113.4", reason=f"because {typed}")
    assert "looks like it contains a password" in refused.errors["reason"]
    assert (await acts.submit("engineer", address="203.0.113.4", reason="migration check")).ok
    await acts.until(acts.cards)
    await acts.press("lead", "request.deny")
    denied = await acts.submit("lead", reason=f"use {typed} instead")
    assert "looks like it contains a password" in denied.errors["reason"]
    assert await acts.states() == ["pending"]
    assert not [part for part in PARTS if part in await stored(acts)]
    assert not [part for part in PARTS if part in str(acts.everything())]
