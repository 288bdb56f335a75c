"""Who could reach a database, asked in Slack while somebody else has added a rule too, and afterwards."""

from datetime import UTC, datetime

from bot.cli.access_report import who
from sandbox.heroku.fixtures import DATABASE
from tests.flow.actions import Acts

RULE = "192.0.2.7/32"


async def answered(acts: Acts, line: str, *parts: str) -> str:
    """Repeats a command of the lead's until its answer has all of some texts."""
    found: list[str] = []

    async def seen() -> bool:
        await acts.type("lead", line)
        found.append(acts.private("lead")[-1])
        return all(part in found[-1] for part in parts)

    await acts.until(seen)
    return found[-1]


async def test_who_could_reach_it_now_and_then(acts: Acts, database_url: str) -> None:
    await acts.ask_and_open()
    now = datetime.now(UTC)
    acts.environment.heroku.add_rule_externally(DATABASE, RULE, "the ETL vendor", now=now)
    await acts.environment.refresh_everything()
    await answered(acts, "/pgaccess who billing", "By approval: 1", "203.0.113.4/32", RULE, "the ETL vendor")
    await acts.type("engineer", "/pgaccess who billing")
    assert "Only auditors, admins and the approvers" in acts.private("engineer")[-1]

    await acts.type("engineer", "/pgaccess done 1")
    await acts.until(lambda: acts.told("engineer", "#1 has ended"))
    await answered(acts, "/pgaccess who billing", "By approval: nobody", RULE)
    for line in ("list ended", "list 203.0.113.4"):
        assert "#1" in await answered(acts, f"/pgaccess {line}", "203.0.113.4/32")
    await acts.type("engineer", "/pgaccess list ended")
    assert "#1" in acts.private("engineer")[-1]

    report = await who("billing", now.isoformat(), {"DATABASE_URL": database_url}, now=datetime.now(UTC))
    said = "\n".join(report.lines)
    assert "By approval: 1" in said
    assert "entry " in said
