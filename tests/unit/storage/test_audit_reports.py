"""``pgaccess audit verify``, ``head`` and ``export`` over a small store, as they are run."""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from bot.__main__ import USAGE, WRONG, main
from bot.cli.audit import add_commands, run
from bot.errors import MisconfiguredError
from tests.scale import million
from tests.unit.factories import NOW


@pytest.fixture(name="url")
def _url(database_url: str) -> str:
    million.fill(database_url, requests=20, now=NOW)
    return database_url


def audit(url: str, *words: str) -> tuple[bool, str]:
    """Runs ``pgaccess audit …``; returns whether all is well, and what was printed."""
    parser = argparse.ArgumentParser()
    add_commands(parser)
    out = io.StringIO()
    good = run(parser.parse_args(words), {"DATABASE_URL": url}, out)
    return good, out.getvalue()


def exported(url: str, *words: str) -> list[dict[str, object]]:
    _, printed = audit(url, "export", "--format", "jsonl", *words)
    return [json.loads(line) for line in printed.splitlines()]


def numbers(url: str, *words: str) -> list[object]:
    return [record["request"] for record in exported(url, *words)]


def test_what_head_prints_verifies_the_trail_and_not_one_that_was_changed(url: str) -> None:
    good, printed = audit(url, "head")
    seal, digest, written, unsealed, how = printed.splitlines()
    assert (good, seal, unsealed) == (True, "seal: 46", "unsealed: 0")
    assert written == "written: 2026-11-24T09:05:00Z"
    kept = digest.removeprefix("digest: ")
    assert how == f"verify with: pgaccess audit verify --head {kept} --seal 46"
    assert audit(url, "verify", "--head", kept, "--seal", "46")[0]
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE requests SET reason = 'another' WHERE id = 3")
    good, printed = audit(url, "verify", "--head", kept, "--seal", "46")
    assert not good
    assert printed.splitlines()[0] == (
        "line 6, request 3: reason is another, and the line says quarterly migration"
    )
    assert printed.splitlines()[-1] == "problems: 1"


def test_an_empty_trail_has_no_head_and_verifies(database_url: str) -> None:
    assert audit(database_url, "head")[1] == "the chain is empty\nunsealed: 0\n"
    assert audit(database_url, "verify")[0]
    assert exported(database_url) == []


def test_a_line_that_is_not_sealed_yet_is_said(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO audit (at, actor, subject, before, after) "
            "VALUES (now(), 'pgaccess', 'policy', '', 'x')"
        )
    lines = audit(url, "head")[1].splitlines()
    assert lines[3] == "unsealed: 1"
    assert lines[4].startswith("oldest unsealed: 20")


def test_a_record_says_who_what_where_when_and_why_with_its_proof(url: str) -> None:
    record = exported(url)[9]
    assert record == {
        "request": 10,
        "kind": "open",
        "method": "mtls",
        "state": "ended",
        "target": "postgresql-scale-00010",
        "target_id": str(million.target(10)),
        "app": "app-10",
        "space": "space-2",
        "environment": "production",
        "rule": "production",
        "subject": "203.0.113.10/32",
        "requester": "U0P000010",
        "requester_name": "engineer 10",
        "reason": "quarterly migration",
        "asked_at": "2025-11-24T09:00:00Z",
        "decision": "approved",
        "decided_by": "U0LEAD",
        "decided_at": "2025-11-24T09:05:00Z",
        "approved_by": ["U0LEAD"],
        "opened_at": "2025-11-24T09:05:00Z",
        "ends_at": "2025-11-24T17:05:00Z",
        "closed_at": "2025-11-24T17:05:00Z",
        "closed_by": "pgaccess",
        "why": "expired",
        "duration_s": 28800,
        "extended_s": 0,
        "extended_alone_s": 0,
        "extends": None,
        "lines": [19, 20, 21, 22, 23, 24],
        "seals": [19, 20, 21, 22, 23, 24],
        "asker": None,
        "ticket": None,
    }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), list(range(1, 21))),
        # Asked on 24 November 2025, and decided at once; what was denied before is over.
        (("--from", "2025-11-24", "--to", "2025-11-24"), [10]),
        (("--from", "20251124", "--to", "20251124"), [10]),
        (("--from", "2025-11-24T17:05", "--to", "2025-12-01"), [10]),
        (("--from", "2025-11-24T17:06:00+00:00", "--to", "2025-12-01"), []),
        # Asked when the request was one second old, and not before.
        (("--from", "2025-11-24T09:00", "--to", "2025-11-24T09:00:01"), [10]),
        # What is still open belongs to every time after it was asked.
        (("--from", "2027-01-01"), [20]),
        (("--to", "2025-01-01"), [1]),
        (("--target", "app-7"), [7]),
        (("--target", "POSTGRESQL-SCALE-00007"), [7]),
        (("--target", str(million.target(7))), [7]),
        (("--person", "U0P000012"), [12]),
        (("--person", "U0P000012", "--target", "app-7"), []),
    ],
)
def test_an_export_has_what_was_asked_for(url: str, words: tuple[str, ...], found: list[int]) -> None:
    assert numbers(url, *words) == found


def test_an_export_goes_on_over_many_pages(database_url: str) -> None:
    million.fill(database_url, requests=1203, now=NOW)
    assert numbers(database_url) == list(range(1, 1204))


def test_a_spreadsheet_gets_no_formula(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            'UPDATE requests SET reason = \'=HYPERLINK("https://example.com"), "now"\' WHERE id = 10'
        )
    header, *rows = csv.reader(io.StringIO(audit(url, "export", "--target", "app-10")[1]))
    (record,) = [dict(zip(header, row, strict=True)) for row in rows]
    assert record["reason"] == '\'=HYPERLINK("https://example.com"), "now"'
    assert (record["lines"], record["approved_by"], record["extends"]) == ("19 20 21 22 23 24", "U0LEAD", "")


def test_a_target_without_such_a_name_and_times_the_wrong_way_round_are_refused(url: str) -> None:
    with pytest.raises(
        MisconfiguredError, match=r"no database or space has the name 'biling'.*--target billing"
    ):
        audit(url, "export", "--target", "biling")
    # What a variable that is not set leaves: not every target.
    with pytest.raises(MisconfiguredError, match=r"no database or space has the name ''.*--target billing"):
        audit(url, "export", "--target", "")
    with pytest.raises(MisconfiguredError, match="--from has to be before --to, such as --from 2026-03-01"):
        audit(url, "export", "--from", "2026-03-02", "--to", "2026-03-01")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("verify", "--head", "last one"),
            "'last one' is not a digest: give at least the first 16 characters",
        ),
        (("verify", "--head", "3f1c09"), "'3f1c09' is not a digest"),
        (("verify", "--seal", "-3"), "'-3' is not the number of a seal, such as 1234"),
        (("verify", "--seal", "0"), "'0' is not the number of a seal, such as 1234"),
        (("verify", "--seal", "9" * 30), "is not the number of a seal, such as 1234"),
        (("verify", "--seal", "1" * 23), "is not the number of a seal, such as 1234"),
        (("export", "--from", "0001-01-01T00:00+14:00"), "is not a date or time, such as 2026-03-03"),
        (("export", "--to", "9999-12-31"), "'9999-12-31' is not a date or time, such as 2026-03-03"),
        (("export", "--from", "last week"), "'last week' is not a date or time, such as 2026-03-03"),
        (("export", "--to", "2026-02-30"), "'2026-02-30' is not a date or time, such as 2026-03-03"),
        (("export", "--person", "somebody"), "'somebody' is not the Slack id of a person, such as U0123ABCD"),
        (("export", "--format", "pdf"), "invalid choice: 'pdf'"),
    ],
)
def test_bad_input_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        audit("postgres://nowhere.example/x", *words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_the_exit_status_tells_whether_the_trail_verifies(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["audit", "verify"]) == 0
    assert capsys.readouterr().out.endswith("the audit trail verifies\n")
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE grants SET ends_at = ends_at + interval '1 day' WHERE request_id = 20")
    assert main(["audit", "verify"]) == WRONG
    assert main(["audit", "export", "--target", "biling"]) == USAGE
    assert "'biling'" in capsys.readouterr().err


def test_a_reader_that_stops_early_gets_no_traceback(database_url: str) -> None:
    # More than a pipe holds: 64 KiB on Linux.
    million.fill(database_url, requests=600, now=NOW)
    command = [sys.executable, "-m", "bot", "audit", "export"]
    environ = {**os.environ, "DATABASE_URL": database_url}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("request,kind,method")
        process.stdout.close()
        assert process.stderr.read() == ""


def test_without_a_store_the_setting_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="DATABASE_URL"):
        audit("", "verify")
    with pytest.raises(MisconfiguredError):
        audit(f"postgresql:///none?host={tmp_path}", "head")
