"""What others write at Heroku and Slack is shown as one visible line, and changes nothing around it."""

from datetime import UTC, datetime

from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts

HOSTILE = "office\r\n*approved*\u202eevil\u2066\u200b\x1b[31m\x07 <!channel> `x`" + "y" * 2000
UNSEEN = ("\r", "\x1b", "\x07", "\u202e", "\u2066", "\u200b", "<!channel>")


async def test_a_hostile_description_stays_one_visible_line_in_store_and_messages(acts: Acts) -> None:
    heroku, now = acts.environment.heroku, datetime.now(UTC)
    heroku.add_rule_externally(DATABASE, "198.51.100.7/32", HOSTILE, now=now)
    await acts.environment.refresh_everything()
    await acts.until(lambda: "outside pgaccess" in str(acts.everything()["operations"]))
    # Each value by itself: a row's own text is cut.
    rows = await acts.query("SELECT observation::text FROM reconcile_queue")
    stored = "".join(str(row[0]) for row in rows)
    assert "office *approved*evil" in stored
    assert "y" * 600 not in stored
    for line in ("mtls list billing", "status billing"):
        await acts.type("engineer", f"/pgaccess {line}")
        said = acts.private("engineer")[-1]
        assert not [char for char in UNSEEN if char in said]
    assert "office" in said or "198.51.100.7" in said
    assert await acts.ask()
    await acts.approve()
    await acts.until(lambda: acts.told("engineer", "can reach"))
    # It is somebody else's, and is left as it is.
    rules = heroku.rules(DATABASE, now=datetime.now(UTC))
    assert HOSTILE in [rule.description for rule in rules]
