"""The Slack app manifest: every known constraint of Slack's, and scopes that fit the calls we make."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.cli.manifest import EVENTS, PLACEHOLDER, SCOPES, manifest
from handlers.parsing.command_table import parse
from sandbox.slack.model.fixtures import EVENTS as EMULATED_EVENTS
from sandbox.slack.web_api.errors import DEFAULT_SCOPES
from sandbox.slack.web_api.methods import METHODS

ROOT = Path(__file__).parents[3]
SCOPELESS = frozenset({"apps.connections.open", "auth.test", "views.open", "views.publish", "views.push"})
"""Methods that need no scope of the bot token; the first takes the app token (``connections:write``)."""

CALLERS = ("bot/slack.py", "bot/cli/check/slack.py", "handlers/transport/socket_mode.py")
METHOD = re.compile(
    r"(apps|auth|chat|conversations|files|pins|reactions|team|usergroups|users|views)\.[a-zA-Z.]+"
)

Check = Callable[[Any], bool]


# --- Slack's schema, as far as the manifest uses it ---------------------------------------------------


def text(least: int, most: int, pattern: str = "(?s).*") -> Check:
    return lambda value: (
        isinstance(value, str) and least <= len(value) <= most and bool(re.fullmatch(pattern, value))
    )


def is_flag(value: Any) -> bool:
    return value is True or value is False


def is_number(value: Any) -> bool:
    return type(value) is int


def every(check: Check, least: int, most: int) -> Check:
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(check, value))


def unique(check: Check, most: int) -> Check:
    return lambda value: every(check, 0, most)(value) and len(set(value)) == len(value)


def thing(required: set[str], **keys: Check) -> Check:
    """An object with these keys and no others."""
    return lambda value: (
        isinstance(value, dict)
        and required <= value.keys() <= keys.keys()
        and all(keys[key](inner) for key, inner in value.items())
    )


URL = r"https?://.*"
SCHEMA = thing(
    {"display_information"},
    _metadata=thing(set(), major_version=is_number, minor_version=is_number),
    display_information=thing(
        {"name"},
        name=text(1, 35),
        description=text(1, 140),
        long_description=text(175, 4000),
        background_color=text(4, 7, r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?"),
    ),
    features=thing(
        set(),
        app_home=thing(
            set(),
            home_tab_enabled=is_flag,
            messages_tab_enabled=is_flag,
            messages_tab_read_only_enabled=is_flag,
        ),
        bot_user=thing({"display_name"}, display_name=text(1, 80), always_online=is_flag),
        shortcuts=every(
            thing(
                {"name", "type", "callback_id", "description"},
                name=text(1, 24),
                type=text(1, 10, "message|global"),
                callback_id=text(1, 255),
                description=text(1, 150),
            ),
            1,
            10,
        ),
        slash_commands=every(
            thing(
                {"command", "description"},
                command=text(2, 32, "/.*"),
                url=text(1, 3000, URL),
                description=text(1, 2000),
                usage_hint=text(1, 1000),
                should_escape=is_flag,
            ),
            1,
            50,
        ),
    ),
    oauth_config=thing(set(), scopes=thing(set(), bot=every(text(1, 50), 0, 255))),
    settings=thing(
        set(),
        event_subscriptions=thing(set(), request_url=text(1, 3500, URL), bot_events=unique(text(1, 50), 100)),
        interactivity=thing(
            {"is_enabled"},
            is_enabled=is_flag,
            request_url=text(1, 3500, URL),
            message_menu_options_url=text(1, 3500, URL),
        ),
        org_deploy_enabled=is_flag,
        socket_mode_enabled=is_flag,
        token_rotation_enabled=is_flag,
    ),
)


@pytest.mark.parametrize("socket", [False, True])
@pytest.mark.parametrize("url", [None, "https://bot.example.org", "http://127.0.0.1:3000"])
def test_it_keeps_to_every_constraint_of_slacks_schema(url: str | None, socket: bool) -> None:
    made = manifest(public_url=url, socket=socket)

    assert SCHEMA(json.loads(json.dumps(made)))


def test_the_constraints_would_notice() -> None:
    for broken in (
        {"display_information": {"name": "x" * 36}},
        {"display_information": {"name": "pgaccess"}, "more": 1},
        {"display_information": {"name": "pgaccess"}, "features": {"shortcuts": []}},
        {},
    ):
        assert not SCHEMA(broken)


# --- scopes and events ---------------------------------------------------------------------------------


def called() -> set[str]:
    """Every Web API method that our code names, but for those it only speaks of in a sentence."""
    trees = [ast.parse((ROOT / name).read_text(encoding="utf-8")) for name in CALLERS]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {one for one in texts if METHOD.fullmatch(one)}


def test_every_method_that_is_called_has_its_scope_and_every_scope_its_method() -> None:
    explained = {method for scope in SCOPES for method in scope.methods}

    assert called() == explained | SCOPELESS


def test_every_scope_has_something_it_is_for_and_none_is_there_twice() -> None:
    names = [scope.name for scope in SCOPES]

    assert len(set(names)) == len(names)
    assert all(scope.methods or scope.events or scope.name == "commands" for scope in SCOPES)
    assert {event for scope in SCOPES for event in scope.events} <= EVENTS.keys()


def test_the_scopes_are_those_of_slacks_own_method_pages() -> None:
    # The emulated Slack refuses a call whose scope is missing; what it wants is written down there once more.
    for scope in SCOPES:
        for method in scope.methods:
            assert METHODS[method].scope in (scope.name, None)
    assert all(METHODS[method].scope is None for method in SCOPELESS)


def test_the_emulated_workspace_has_installed_exactly_this_app() -> None:
    assert {scope.name for scope in SCOPES} == DEFAULT_SCOPES
    assert EVENTS.keys() == EMULATED_EVENTS


# --- what it says ---------------------------------------------------------------------------------------


def test_the_hint_is_a_line_that_works() -> None:
    command = manifest(public_url=None, socket=False)["features"]["slash_commands"][0]

    assert parse(command["usage_hint"]).command == ("mtls", "add")
    assert command["should_escape"] is True


def test_over_http_all_four_addresses_are_the_bots() -> None:
    made = manifest(public_url="https://bot.example.org", socket=False)

    addresses = {
        made["features"]["slash_commands"][0]["url"],
        made["settings"]["event_subscriptions"]["request_url"],
        made["settings"]["interactivity"]["request_url"],
        made["settings"]["interactivity"]["message_menu_options_url"],
    }
    assert addresses == {"https://bot.example.org/slack/events"}


def test_in_socket_mode_there_is_no_address_at_all() -> None:
    made = manifest(public_url="https://bot.example.org", socket=True)

    assert "http" not in json.dumps(made)
    assert made["settings"]["socket_mode_enabled"] is True


# --- the command ----------------------------------------------------------------------------------------


def test_the_command_prints_it_with_the_bots_address(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGACCESS_PUBLIC_URL", "https://bot.example.org/")

    assert main(["manifest"]) == 0

    printed = capsys.readouterr()
    assert json.loads(printed.out) == manifest(public_url="https://bot.example.org", socket=False)
    assert printed.err == ""


def test_without_an_address_a_placeholder_is_printed_and_said_so_beside(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGACCESS_PUBLIC_URL", raising=False)

    assert main(["manifest"]) == 0

    printed = capsys.readouterr()
    assert f"{PLACEHOLDER}/slack/events" in printed.out
    assert "PGACCESS_PUBLIC_URL" in printed.err


def test_in_socket_mode_the_command_needs_no_address(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGACCESS_PUBLIC_URL", raising=False)

    assert main(["manifest", "--socket"]) == 0

    printed = capsys.readouterr()
    assert json.loads(printed.out)["settings"]["socket_mode_enabled"] is True
    assert printed.err == ""


def test_a_wrong_address_is_one_sentence_and_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGACCESS_PUBLIC_URL", "http://bot.example.org")

    assert main(["manifest"]) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("pgaccess: PGACCESS_PUBLIC_URL has to be https")


# --- Heroku's own manifest ------------------------------------------------------------------------------


def test_what_heroku_asks_for_is_what_the_bot_reads_and_what_it_runs_is_what_the_procfile_has() -> None:
    app = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))
    config = (ROOT / "bot" / "config.py").read_text(encoding="utf-8")
    processes = re.findall(r"^(\w+):", (ROOT / "Procfile").read_text(encoding="utf-8"), re.M)

    assert all(f'"{name}"' in config for name in app["env"])
    assert all(setting["description"] for setting in app["env"].values())
    assert {*app["formation"], "release"} == {*processes}
