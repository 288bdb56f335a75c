"""``pgaccess watch`` as a process of its own: the worker is killed, and then the store is gone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from bot.domain.mtls.rule_description import RuleHolder, write_description
from sandbox.heroku.fixtures import DATABASE
from storage.watched_store import grant_sql
from tests.acceptance.processes import SECRETS, Machine, until

AGED = (
    "UPDATE reconcile_queue SET due_at = now() - interval '20 minutes', lease = NULL, lease_until = NULL",
    "UPDATE periodic_tasks SET due_at = now() - interval '20 minutes'",
)
"""As if so much time had passed since the worker died."""


@pytest.mark.timeout(120)
def test_a_killed_worker_and_a_lost_store_are_told_and_nothing_is_changed(
    running: Machine, empty_database_url: str
) -> None:
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE acceptance_watch LOGIN")
        for statement in grant_sql("acceptance_watch"):
            connection.execute(statement.encode())
        url = empty_database_url.replace("pgaccess@", "acceptance_watch@")
        assert running.run("bot", "watch", "--once", DATABASE_URL=url) == 0

        running.processes["worker"].kill()
        for statement in AGED:
            connection.execute(statement.encode())
        assert running.run("bot", "watch", "--once", DATABASE_URL=url) == 1
        *_, line = running.processes["bot-watch---once"].printed().splitlines()
        assert line.startswith("!!   worker: No worker of pgaccess does what is due: ")
        connection.execute("DROP OWNED BY acceptance_watch")
        connection.execute("DROP ROLE acceptance_watch")

    # Without a store from the beginning, as after the loss of the database that had set its address.
    holder = RuleHolder(request=41, owner="U0ENGINEER", ends_at=datetime.now(UTC) - timedelta(hours=1))
    rule = {"cidr": "203.0.113.9/32", "description": write_description("1f0c2b7a", UUID(int=1), [holder])}
    added = running.client.post(
        f"{running.heroku}/postgres/v0/databases/{DATABASE}/tls-endpoint/ip-rules",
        json=rule,
        auth=("", SECRETS["HEROKU_API_KEY"]),
        headers={"Accept": "application/vnd.heroku+json; version=3"},
    )
    assert added.is_success, added.text
    before = len(changes(running))
    watch = running.start("watch", "bot", "watch", DATABASE_URL="")
    (told,) = until(lambda: told_in_operations(running, "past their hard end"))
    assert "203.0.113.9/32 → billing (#41)" in told
    assert watch.stop() == 0
    assert len(changes(running)) == before
    for secret in SECRETS.values():
        assert secret not in running.printed()


def changes(running: Machine) -> list[str]:
    request_log = running.client.get(f"{running.heroku}/_emulator/requests").json()
    return [call["path"] for call in request_log if call["method"] != "GET"]


def told_in_operations(running: Machine, what: str) -> list[str]:
    return [m["text"] for m in running.messages("C0OPERATIONS") if what in m["text"]]
