"""Fuzzing of every endpoint of the web process: a response, never a 5xx, never an unexpected error."""

import json
import string
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views import action_ids
from handlers.parsing.command_table import COMMANDS
from tests.unit.fuzzing import ENGINEER, FORM, LEAD, NOWHERE, PATH, TEAM, FuzzedServer, fuzzed_server
from tests.unit.random_payloads import ANYTHING, MORE, TEXT, spoilt

EXAMPLES = 60
"""Each is a request through Bolt and Postgres; a few milliseconds."""

junk = settings(max_examples=EXAMPLES * MORE, deadline=None)


@pytest.fixture(scope="module")
def server(emptied_database: Callable[[], str]) -> Iterator[FuzzedServer]:
    with fuzzed_server(emptied_database()) as server:
        yield server


# --- what is sent ----------------------------------------------------------------------------------

VOCABULARY = sorted(
    {word for line in COMMANDS for word in str(line).split()}
    | {
        "mtls",
        "privatelink",
        "trusted",
        "add",
        "remove",
        "certificate",
        "new",
        "get",
        "open",
        "close",
        "account",
        "to",
        "for",
        "until",
        "because",
        "billing",
        "ledger",
        "203.0.113.4",
        "10.0.0.0/8",
        "0.0.0.0/0",
        "2001:db8::1",
        "8h",
        "2d",
        "-1h",
        "9999d",
        "99999999999999999999h",
        "tomorrow",
        "2026-13-45",
        "#1",
        "1",
        "0",
        "99999999999999999999",
        "me",
        "forever",
        "123456789012",
        "arn:aws:iam::123456789012:root",
        "show",
        "status",
        "list",
        "why",
        "help",
        "extend",
        "done",
        "revoke",
        "retry",
        "cancel",
        "advise",
        "rules",
        "mine",
        "pending",
        "<@U0LEAD>",
        "`",
        "\u3000",
    }
)
LINES = st.lists(st.sampled_from(VOCABULARY) | TEXT, max_size=8).map(" ".join)

ACTIONS = sorted(
    {value for name, value in vars(action_ids).items() if name.isupper() and isinstance(value, str)}
)
VALUES = (
    st.sampled_from(
        [
            *("", "1", "1:1", "1.1", "0:0", "1:99999999999999999999", "-1:1", "٣:٣", "1:1:1"),
            *("99999999999999999999.1", "9223372036854775808.1", "9223372036854775807.1", "1.2147483648"),
            *("x.1", "1.x", "1.-1", "-1.1", "٣.٣", " 1.1", "1_0.1", "1.1\x00", "0.0", "999999999999999999.1"),
            *("U0ENGINEER.because\x00", "00000000-0000-0000-0000-000000000001.x\x00"),
            *("99999999999999999999.00000000-0000-0000-0000-000000000001", "5.\ud7ff"),
        ]
    )
    | TEXT
)


def click(action: Any, value: Any, person: Any, trigger: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": person, "team_id": TEAM},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C0APPROVALS"},
        "trigger_id": trigger,
        "response_url": f"{NOWHERE}/respond/1",
        "actions": [
            {"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": trigger}
        ],
    }


def submission(form: Any, data: Any, values: Any, person: Any, view: Any) -> dict[str, Any]:
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": person, "team_id": TEAM},
        "trigger_id": view,
        "view": {
            "id": view,
            "hash": "h",
            "type": "modal",
            "callback_id": form,
            "private_metadata": data,
            "state": {"values": values},
        },
    }


def event(kind: str) -> dict[str, Any]:
    about: Any = {"type": kind, "user": ENGINEER, "tab": "home", "event_ts": "1.2"}
    if kind == "user_change":
        about["user"] = {"id": ENGINEER}
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev1", "event": about}


INPUTS = st.one_of(
    TEXT.map(lambda text: {"type": "plain_text_input", "value": text}),
    VALUES.map(lambda text: {"type": "static_select", "selected_option": {"value": text}}),
    st.just({"type": "static_select", "selected_option": None}),
    ANYTHING,
)
ADDRESS = {"address": {"address": {"type": "plain_text_input", "value": "203.0.113.4"}}}
FIELDS = st.dictionaries(
    st.sampled_from(ACTIONS) | TEXT, st.dictionaries(TEXT, INPUTS, max_size=2), max_size=4
)


# --- what comes back -------------------------------------------------------------------------------


@junk
@given(text=LINES, person=st.sampled_from([ENGINEER, LEAD, "U0NOBODY", ""]))
def test_any_typed_text_gets_a_readable_answer(server: FuzzedServer, text: str, person: str) -> None:
    answer = server.command(text, person)
    assert answer.status_code == 200
    assert server.unexpected() == []
    assert not answer.content or len(answer.json()["text"]) > 10


@junk
@given(
    action=st.sampled_from(ACTIONS) | TEXT, value=VALUES, person=st.sampled_from([ENGINEER, LEAD, "U0NOBODY"])
)
def test_any_button_value_is_accepted_or_refused(
    server: FuzzedServer, action: str, value: str, person: str
) -> None:
    assert server.interaction(click(action, value, person, server.unique())).status_code == 200
    assert server.unexpected() == []


@junk
@given(form=st.sampled_from(ACTIONS) | TEXT, data=VALUES, values=FIELDS)
def test_any_form_content_is_accepted_or_refused(
    server: FuzzedServer, form: str, data: str, values: dict[str, Any]
) -> None:
    # What JSON cannot say is no payload of Slack's: it is refused before anybody reads it.
    unreadable = any(word in json.dumps(values) for word in ("Infinity", "NaN"))
    answer = server.interaction(submission(form, data, values, ENGINEER, server.unique()))
    assert answer.status_code in ((200, 400) if unreadable else (200,))
    assert server.unexpected() == []


FORMS = sorted(value for value in ACTIONS if value.startswith("form."))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "state",
    [{}, {"values": None}, {"values": {}}, None, {"values": {"address": {}}}, {"values": []}, [], "x", 1],
)
def test_a_form_without_fields_is_answered(server: FuzzedServer, form: str, state: Any) -> None:
    payload = submission(form, "1.1", {}, ENGINEER, server.unique())
    payload["view"]["state"] = state
    answer = server.interaction(payload)
    assert answer.status_code == 200
    assert server.unexpected() == []
    # An empty answer would close the form as if it had been accepted.
    assert answer.json()["response_action"] in ("update", "errors", "clear", "push")
    del payload["view"]["state"]
    assert server.interaction(payload).status_code == 200
    assert server.unexpected() == []


def test_an_empty_form_is_answered_with_a_sentence(server: FuzzedServer) -> None:
    payload = submission(action_ids.FORM_ADD, "", {}, LEAD, server.unique())
    payload["view"]["state"] = {}
    answer = server.interaction(payload).json()
    assert answer["response_action"] == "update"
    assert "203.0.113.4" in str(answer["view"]["blocks"])


@pytest.mark.parametrize(
    "value",
    ["99999999999999999999.1", "9223372036854775808.1", "x.1", "1.x", "1", "", "1.99999999999999999999"],
)
def test_a_button_with_a_value_that_is_not_ours_is_answered_with_a_sentence(
    server: FuzzedServer, value: str
) -> None:
    payload = click(action_ids.APPROVE, value, LEAD, server.unique())
    assert server.interaction(payload).status_code == 200
    assert server.errors == []
    # Where there is no response_url the sentence is a view; a command that is not ours has its own answer.
    answer = server.command("status", command="/another")
    assert answer.status_code == 200
    assert "does not know" in answer.json()["text"]
    assert server.errors == []


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1518467820, "api_app_id": "A0"},
        {"type": "tokens_revoked", "team_id": TEAM},
        {"type": "event_callback", "team_id": TEAM, "event": {"type": "no_such_event"}},
        {"type": "event_callback", "team_id": TEAM, "event": {"type": "user_change", "user": {}}},
        {"type": "event_callback", "team_id": TEAM, "event": {"type": "app_home_opened"}},
        {"type": "no_such_type", "team_id": TEAM},
        {"team_id": TEAM},
        {},
    ],
)
def test_an_event_that_nobody_reads_is_taken(server: FuzzedServer, payload: Any) -> None:
    assert server.event(payload).status_code == 200
    assert server.errors == []


@pytest.mark.parametrize(
    "kind",
    ["view_closed", "message_action", "workflow_step_edit", "interactive_message", "no_such_type", None],
)
@pytest.mark.parametrize("more", [{}, {"trigger_id": "1.2.3"}, {"response_url": f"{NOWHERE}/respond/1"}])
def test_an_interaction_that_nobody_reads_is_taken(
    server: FuzzedServer, kind: str | None, more: dict[str, str]
) -> None:
    payload = {
        "type": kind,
        "team": {"id": TEAM},
        "user": {"id": ENGINEER, "team_id": TEAM},
        "view": {"id": "V1", "type": "modal", "callback_id": "form.deny", "state": {}},
        "is_cleared": True,
        **more,
    }
    assert server.interaction(payload).status_code == 200
    assert server.errors == []


@junk
@given(
    payload=st.one_of(
        spoilt(click(action_ids.APPROVE, "1:1", LEAD, "1.2.1")),
        spoilt(
            submission(
                action_ids.FORM_ADD,
                "",
                {"address": {"address": {"type": "plain_text_input", "value": "203.0.113.4"}}},
                ENGINEER,
                "V1",
            )
        ),
        spoilt(
            {
                "type": "block_suggestion",
                "team": {"id": TEAM},
                "user": {"id": ENGINEER},
                "value": "bil",
                "action_id": "target",
                "block_id": "target",
                "view": {"id": "V1"},
            }
        ),
        spoilt(
            {
                "type": "shortcut",
                "team": {"id": TEAM},
                "user": {"id": ENGINEER},
                "trigger_id": "1.2.3",
                "callback_id": action_ids.SHORTCUT_ASK,
                "action_ts": "1.2",
            }
        ),
    )
)
def test_a_malformed_payload_causes_no_server_error(server: FuzzedServer, payload: Any) -> None:
    assert server.interaction(payload).status_code in (200, 400, 404)


@junk
@given(
    payload=st.one_of(
        *(spoilt(event(kind)) for kind in ("app_home_opened", "user_change", "subteam_updated", "message")),
        ANYTHING,
    )
)
def test_a_malformed_event_causes_no_server_error(server: FuzzedServer, payload: Any) -> None:
    assert server.event(payload).status_code < 500


@junk
@given(body=st.binary(max_size=200), kind=st.sampled_from([FORM, "application/json", "text/plain", ""]))
def test_signed_junk_is_rejected(server: FuzzedServer, body: bytes, kind: str) -> None:
    assert server.signed(body, kind).status_code < 500


ADDRESSES = st.text(string.printable, max_size=60).map(lambda text: quote(text, safe="/%?#"))


@junk
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"]),
    below=st.sampled_from(
        ["/c/", "/ip/", "/", "/healthz", "/metrics", PATH, "/c/00000000-0000-0000-0000-000000000001"]
    ),
    rest=ADDRESSES,
    body=st.binary(max_size=200) | TEXT.map(lambda text: f"secret={quote(text)}".encode()),
    kind=st.sampled_from([FORM, "application/json", "multipart/form-data; boundary=x", ""]),
)
def test_no_url_and_no_body_makes_a_page_fail(
    server: FuzzedServer, method: str, below: str, rest: str, body: bytes, kind: str
) -> None:
    answer = server.send(method, below + rest, body, kind)
    assert answer.status_code < 500
    assert server.errors == []
