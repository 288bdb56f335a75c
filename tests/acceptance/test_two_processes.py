"""``pgaccess web`` and ``pgaccess worker`` against the two emulators over HTTP, in real time."""

import psycopg
import pytest

from tests.acceptance.processes import SECRETS, Machine, until

LINE = "/pgaccess mtls add 203.0.113.4"
BEHIND = "SELECT count(*) FROM outbox WHERE sent_version < version"


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.timeout(180)
def test_the_main_job_in_real_time_with_nothing_secret_in_any_log(running: Machine) -> None:
    asked = running.type("U0ENGINEER", f"{LINE} for 1m")
    assert asked["ok"], f"{asked}\n{running.printed()}"
    assert running.approve()["ok"]
    until(lambda: running.told("U0ENGINEER", "can reach billing"))
    assert "203.0.113.4/32" in running.rules()
    until(lambda: running.told("U0ENGINEER", "#1 ends"), seconds=70)
    assert "203.0.113.4/32" in running.rules()
    until(lambda: running.told("U0ENGINEER", "#1 has ended"), seconds=40)
    assert running.rules() == ["198.51.100.0/24"]
    assert running.processes["web"].stop() == 0
    assert running.processes["worker"].stop() == 0
    printed = running.printed()
    for secret in [*SECRETS.values(), "/respond/"]:
        assert secret not in printed


@pytest.mark.timeout(120)
def test_a_worker_killed_between_the_post_and_its_record_leaves_one_rule_announced_once(
    running: Machine, empty_database_url: str
) -> None:
    running.fault(kind="slow_answer", seconds=8, on=r"POST .*/ip-rules$")
    running.type("U0ENGINEER", LINE)
    running.approve()
    until(lambda: "203.0.113.4/32" in running.rules())
    running.processes["worker"].kill()
    assert query(empty_database_url, "SELECT count(*) FROM mtls_rules") == [(0,)]
    assert query(empty_database_url, "SELECT resolved FROM mtls_rule_intents") == [(False,)]

    # The dead worker's leases run for a minute; the test does not wait for them.
    query(empty_database_url, "UPDATE reconcile_queue SET lease_until = now()")
    query(empty_database_url, "UPDATE outbox SET lease_until = now()")
    running.start("worker", "bot", "worker")
    until(lambda: running.told("U0ENGINEER", "can reach billing"))
    assert running.rules().count("203.0.113.4/32") == 1
    until(lambda: query(empty_database_url, BEHIND) == [(0,)])
    assert len(running.told("U0ENGINEER", "can reach billing")) == 1
    assert len(running.told("U0ENGINEER", "#1 approved")) == 1
    request_log = running.client.get(f"{running.heroku}/_emulator/requests").json()
    assert (
        len([call for call in request_log if call["method"] == "POST" and call["path"].endswith("ip-rules")])
        == 1
    )


@pytest.mark.timeout(120)
def test_two_workers_and_a_web_restart_change_nothing_that_people_see(running: Machine) -> None:
    running.start("worker-2", "bot", "worker")
    running.type("U0ENGINEER", LINE)
    running.processes["web"].kill()
    running.start("web", "bot", "web")
    until(running._ready)
    running.approve()
    until(lambda: running.told("U0ENGINEER", "can reach billing"))
    assert running.rules().count("203.0.113.4/32") == 1
    assert len(running.told("U0ENGINEER", "can reach billing")) == 1
    assert len([m for m in running.messages("C0APPROVALS") if not m["ephemeral"]]) == 1


def test_junk_at_the_door_is_refused_without_a_traceback(running: Machine) -> None:
    path = f"{running.bot}/slack/events"
    assert running.client.get(path).status_code == 405
    assert running.client.post(path, content=b"x", headers={"content-type": "text/plain"}).status_code == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert running.client.post(path, content=b"\xff\xfe", headers=form).status_code == 401
    big = running.client.post(path, content=b"a" * 300_000, headers=form)
    assert big.status_code in (401, 413)
    assert running.client.get(f"{running.bot}/healthz").text == "alive\n"
    assert running.client.get(f"{running.bot}/metrics").status_code == 404
    assert "Traceback" not in running.printed()
