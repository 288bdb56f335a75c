"""Events: one line of JSON each, without secrets, with the fields that are documented."""

import io
import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.outside.redaction import REDACTED, Redactor
from bot.domain.rate_budget import Budget, CallPriority
from bot.errors import HerokuError, Refusal, Refused, StoreUnavailableError
from bot.heroku.client import HerokuClient
from bot.ports.telemetry import EventName, NoTelemetry
from bot.telemetry.events import EventLog, event_line
from bot.telemetry.process_telemetry import ProcessTelemetry
from handlers.refused_actions import AttemptedAction, command_name, telling
from storage.repositories.audit import event_of
from storage.tables import audit
from tests.unit.factories import NETWORK, NOW, database

DOCUMENT: Final = (Path(__file__).parents[3] / "docs/operations/events.md").read_text(encoding="utf-8")
TOKEN: Final = "HRKU-0123456789abcdef"
ID: Final = UUID("00000000-0000-0000-0000-00000000000a")


def section(heading: str) -> str:
    return DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def documented(heading: str, column: str = "field") -> set[str]:
    """The names in the first cells of the tables below a heading whose first column has a name."""
    tables = re.findall(
        rf"^\| {column} \|.*\n\| --- .*\n((?:\|.*\n)+)", section(heading) + "\n", re.MULTILINE
    )
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


COMMON: Final = documented("Every event")


class Recorded(NoTelemetry):
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def event(self, name: EventName, fields: Any) -> None:
        self.events.append({"event": name.value, **fields})


# --- lines -----------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(TOKEN) | st.datetimes() | st.uuids(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(fields=st.dictionaries(st.sampled_from(["details", "terms", "actor", "sources"]), VALUES))
def test_whatever_is_told_is_one_line_of_ascii_json_without_the_secret(fields: dict[str, object]) -> None:
    line = event_line(EventName.AUDIT_LINE, fields, process="worker", now=NOW, redactor=Redactor((TOKEN,)))
    assert "\n" not in line
    assert line.isascii()
    assert TOKEN not in line
    assert json.loads(line).keys() == COMMON | fields.keys()


def test_halves_of_surrogate_pairs_are_written_too() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    EventLog(stream, redactor=Redactor(), process="web").write(
        EventName.HEROKU_CHANGE, {"sources": ["\ud800"]}, now=NOW
    )
    stream.seek(0)
    assert json.loads(stream.read())["sources"] == ["\ud800"]


def test_a_secret_in_any_field_is_redacted() -> None:
    line = event_line(
        EventName.AUDIT_LINE,
        {"details": {"why": f"token {TOKEN}"}},
        process="web",
        now=NOW,
        redactor=Redactor((TOKEN,)),
    )
    assert json.loads(line)["details"] == {"why": f"token {REDACTED}"}


def test_an_event_is_out_before_the_next_thing_happens() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8")
    telemetry = ProcessTelemetry(redactor=Redactor(), process="web", stream=stream)
    telemetry.event(EventName.ACTION_REFUSED, {"actor": "U0LEAD"})
    assert raw.getvalue().endswith(b"}\n")


# --- the fields that are documented ----------------------------------------------------------------


class Broken(io.StringIO):
    """Standard output whose disk is full, or whose reader has gone."""

    def flush(self) -> None:
        raise BrokenPipeError


def test_what_cannot_be_told_keeps_nothing_from_being_done_and_an_audit_line_unsealed() -> None:
    telemetry = ProcessTelemetry(redactor=Redactor(), stream=Broken())
    telemetry.event(EventName.HEROKU_CHANGE, {"change": "ip_rule.remove", "outcome": "accepted"})
    telemetry.event(EventName.ACTION_REFUSED, {"actor": "U0LEAD"})
    # Sealing fails with it, and is repeated.
    with pytest.raises(BrokenPipeError):
        telemetry.event(EventName.AUDIT_LINE, {"line": 1})


def test_an_audit_lines_event_has_the_documented_fields_and_the_whole_line() -> None:
    line = {column.name: f"of {column.name}" for column in audit.columns}
    event = event_of(line, seal=7, digest=b"\x01\x02")
    assert event.keys() == documented("`audit.line`")
    assert (event["seal"], event["digest"]) == (7, b"\x01\x02")
    # Every column is told, so that a digest can be computed again from the event.
    assert {f"of {name}" for name in line} - set(map(str, event.values())) == {"of seal", "of digest"}


async def test_a_refused_actions_event_has_the_documented_fields() -> None:
    told = Recorded()

    async def refuse() -> None:
        raise Refused(Refusal.APPROVER_SELF, id=3)

    with pytest.raises(Refused):
        await telling(AttemptedAction(person="U0LEAD", name=lambda: "request.approve"), refuse, told)
    assert told.events == [
        {
            "event": "action.refused",
            "actor": "U0LEAD",
            "action": "request.approve",
            "request": 3,
            "reason": "approver_self",
        }
    ]
    assert told.events[0].keys() - {"event"} == documented("`action.refused`")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("mtls add 203.0.113.4 to billing because secret", "/pgaccess mtls add"),
        ("mtls add 203.0.113.4.5", "/pgaccess mtls add"),
        ("revoke 17 because HRKU-secret", "/pgaccess revoke"),
        ("", "/pgaccess"),
        ("hunter2 hunter2", "/pgaccess"),
    ],
)
def test_a_command_is_named_by_the_words_that_are_ours(typed: str, name: str) -> None:
    assert command_name(typed) == name


# --- changes at Heroku -----------------------------------------------------------------------------

Change = Callable[[HerokuClient], Any]

CHANGES: Final[dict[str, Change]] = {
    "ip_rule.add": lambda heroku: heroku.add_rule(database(), network=NETWORK, description="pgaccess/a b"),
    "ip_rule.remove": lambda heroku: heroku.remove_rule(database(), ID),
    "mtls.enable": lambda heroku: heroku.enable_endpoint(database()),
    "mtls.disable": lambda heroku: heroku.disable_endpoint(database()),
    "certificate.create": lambda heroku: heroku.create_certificate(database()),
    "certificate.remove": lambda heroku: heroku.discard_certificate(database(), ID),
    "privatelink.open": lambda heroku: heroku.open_privatelink(
        database(), ["arn:aws:iam::123456789012:root"]
    ),
    "privatelink.close": lambda heroku: heroku.close_privatelink(database()),
    "privatelink.accounts.add": lambda heroku: heroku.let_accounts_in(database(), ["arn"]),
    "privatelink.accounts.remove": lambda heroku: heroku.remove_accounts(database(), ["arn"]),
}
"""Every change but that of a space's list, which has a test of its own."""


async def told_of(change: Change, answer: httpx.Response | Exception) -> dict[str, Any]:
    """The one event of a change that Heroku answers."""

    def respond(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    told = Recorded()
    heroku = HerokuClient(
        token=TOKEN,
        platform_url="https://heroku.example.com",
        data_url="https://data.example.com",
        transport=httpx.MockTransport(respond),
        telemetry=told,
    )
    with suppress(HerokuError):
        await change(heroku)
    await heroku.close()
    (event,) = told.events
    return event


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(
    ("answer", "outcome", "status", "error"),
    [
        (
            httpx.Response(422, json={"id": "invalid_params", "message": "no"}),
            "rejected",
            422,
            "invalid_params",
        ),
        (httpx.Response(429, json={"id": "rate_limit", "message": "wait"}), "rejected", 429, "rate_limit"),
        (httpx.Response(401, json={"id": "unauthorized", "message": "no"}), "rejected", 401, "unauthorized"),
        (httpx.Response(503), "unknown", 503, ""),
        (httpx.ReadTimeout("late"), "unknown", 0, "timeout"),
        (httpx.ConnectError("away"), "unknown", 0, "unreachable"),
    ],
    ids=lambda value: str(getattr(value, "status_code", value)),
)
async def test_a_change_that_is_not_accepted_says_what_became_of_it(
    name: str, answer: httpx.Response | Exception, outcome: str, status: int, error: str
) -> None:
    event = await told_of(CHANGES[name], answer)
    assert (event["change"], event["outcome"], event["status"], event["error"]) == (
        name,
        outcome,
        status,
        error,
    )
    assert event["target"] == database().id
    assert event["name"] == database().name
    assert event.keys() - {"event"} <= documented("`heroku.change`")


async def test_a_removal_that_heroku_takes_is_accepted() -> None:
    event = await told_of(CHANGES["ip_rule.remove"], httpx.Response(200, json={}))
    assert (event["outcome"], event["status"], event["rule"]) == ("accepted", 0, ID)


def test_every_change_is_documented() -> None:
    assert documented("`heroku.change`", "change") == {*CHANGES, "ruleset.put"}


async def test_a_call_that_is_not_made_for_want_of_the_store_is_not_sent() -> None:
    class NoBudget:
        async def acquire(self, priority: CallPriority, calls: int) -> tuple[Budget, int]:
            raise StoreUnavailableError("away")

        async def correct(self, left: int) -> None:
            raise AssertionError(left)

    told = Recorded()
    heroku = HerokuClient(
        token=TOKEN,
        platform_url="https://heroku.example.com",
        data_url="https://data.example.com",
        budgets=NoBudget(),
        telemetry=told,
    )
    with pytest.raises(StoreUnavailableError):
        await heroku.remove_rule(database(), ID)
    await heroku.close()
    assert told.events[0]["outcome"] == "not_sent"


def test_the_time_of_an_event_is_text_with_its_zone() -> None:
    line = event_line(
        EventName.AUDIT_LINE,
        {"at": NOW + timedelta(seconds=1)},
        process="web",
        now=datetime(2026, 3, 3, 14, tzinfo=UTC),
        redactor=Redactor(),
    )
    found = json.loads(line)
    assert found["emitted_at"] == "2026-03-03T14:00:00+00:00"
    assert datetime.fromisoformat(found["at"]) == NOW + timedelta(seconds=1)
