"""Real processes whose policy cannot be read: a release is refused, ends come, and nothing is opened."""

import psycopg
import pytest

from tests.acceptance.processes import Machine, until
from tests.acceptance.test_two_processes import query

LINE = "/pgaccess mtls add"
BROKEN = "approvals_channel = C0APPROVALS"
SENTENCE = "PGACCESS_POLICY_TOML is not valid TOML: "


def requests(url: str) -> list[str]:
    sql = (
        "SELECT COALESCE(g.state, r.state) FROM requests r "
        "LEFT JOIN grants g ON g.request_id = r.id ORDER BY r.id"
    )
    return [str(row[0]) for row in query(url, sql)]


def printed(machine: Machine, name: str) -> str:
    return machine.processes[name].printed()


def test_a_release_with_a_policy_that_is_wrong_fails_before_it_migrates(running: Machine) -> None:
    url = running._environ["DATABASE_URL"]
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}_new"')
    fresh = url.replace(str(name), f"{name}_new")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    try:
        assert running.run("bot", "release", DATABASE_URL=fresh, PGACCESS_POLICY_TOML=BROKEN) == 2
        said = printed(running, "bot-release")
        assert said.startswith(f"pgaccess: {SENTENCE}")
        assert said.count("\n") == 1
        assert query(fresh, tables) == [(0,)]

        # Nothing is open that a worker without a policy could end: it does not start either.
        assert running.run("bot", "worker", DATABASE_URL=fresh, PGACCESS_POLICY_TOML=BROKEN) == 2
        assert f"pgaccess: {SENTENCE}" in printed(running, "bot-worker")

        assert running.run("bot", "release", DATABASE_URL=fresh) == 0
        assert query(fresh, tables) != [(0,)]
        assert running.run("bot", "worker", DATABASE_URL=fresh, PGACCESS_POLICY_TOML=BROKEN) == 2
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}_new" WITH (FORCE)')


@pytest.mark.timeout(180)
def test_without_a_policy_an_end_comes_and_is_told_and_what_was_approved_waits_for_one(
    running: Machine, empty_database_url: str
) -> None:
    url = empty_database_url
    running.type("U0ENGINEER", f"{LINE} 203.0.113.4")
    assert running.approve()["ok"]
    until(lambda: running.told("U0ENGINEER", "can reach billing"))

    running.processes["worker"].kill()
    running.type("U0ENGINEER", f"{LINE} 203.0.113.5")
    # The dead worker's leases run for a minute; the test does not wait for them.
    for table in ("reconcile_queue", "outbox"):
        query(url, f"UPDATE {table} SET lease_until = now() WHERE lease IS NOT NULL")
    broken = {"PGACCESS_POLICY_TOML": BROKEN}
    running.start("notifier", "bot", "worker", **broken)
    until(lambda: len([m for m in running.messages("C0APPROVALS") if not m["ephemeral"]]) == 2)
    # The web process has read its policy before: what it takes on waits for a worker that has one.
    assert running.approve()["ok"]
    until(lambda: requests(url) == ["in_force", "applying"])

    running.processes["web"].kill()
    running.start("web", "bot", "web", **broken)
    until(running._ready)
    query(url, "UPDATE grants SET ends_at = now() WHERE state = 'in_force'")
    until(lambda: running.told("U0ENGINEER", "#1 has ended"), seconds=40)
    assert running.rules() == ["198.51.100.0/24"]
    assert requests(url) == ["ended", "applying"]

    assert "the policy cannot be read" in running.client.get(f"{running.bot}/readyz").text
    alerts = [m["text"] for m in running.messages("C0OPERATIONS") if SENTENCE in m["text"]]
    assert len(alerts) == 1
    assert '"event": "policy.unreadable"' in printed(running, "notifier")
    running.type("U0ENGINEER", f"{LINE} 203.0.113.9")
    until(lambda: "cannot be read at the moment" in str(running.state("U0ENGINEER")))

    for name in ("notifier", "web"):
        assert running.processes[name].stop() == 0
    assert running.run("bot", "release") == 0
    running.start("web", "bot", "web")
    running.start("worker", "bot", "worker")
    until(lambda: "203.0.113.5/32" in running.rules(), seconds=90)
    until(lambda: [m for m in running.messages("C0OPERATIONS") if "can be read again" in m["text"]])
    assert "Traceback" not in running.printed()
