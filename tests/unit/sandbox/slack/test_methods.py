"""The table of Web API methods against what the vendor publishes: scopes, tiers, and what refuses a call.

Facts: Slack developer documentation, method reference, 2026-11 (scopes and errors of each method), and the
vendor's ``rate_limit_tiers.json`` in the repository of its SDK for Java.
"""

from dataclasses import replace

import pytest

from sandbox.slack import SlackEmulator
from sandbox.slack.web_api.errors import DEFAULT_SCOPES
from sandbox.slack.web_api.methods import METHODS
from tests.unit.sandbox.slack.conftest import SECRET, TOKEN, Call

TIERS: dict[int | None, set[str]] = {
    1: {"apps.connections.open"},
    2: {"conversations.list", "usergroups.list", "usergroups.users.list", "users.list"},
    3: {
        "chat.delete",
        "chat.update",
        "conversations.history",
        "conversations.info",
        "conversations.open",
        "conversations.replies",
        "team.info",
    },
    4: {
        "chat.postEphemeral",
        "conversations.members",
        "users.info",
        "views.open",
        "views.publish",
        "views.push",
        "views.update",
    },
    None: {"auth.test", "chat.getPermalink", "chat.postMessage"},
}
SCOPES = {
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.open": "im:write",
    "team.info": "team:read",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
    "users.info": "users:read",
    "users.list": "users:read",
}
FREE = {"auth.test", "chat.getPermalink", "views.open", "views.publish", "views.push", "views.update"}
READERS = {
    "conversations.history": {"channels": "history", "groups": "history", "im": "history"},
    "conversations.info": {"channels": "read", "groups": "read", "im": "read"},
    "conversations.members": {"channels": "read", "groups": "read", "im": "read"},
    "conversations.replies": {"channels": "history", "groups": "history", "im": "history"},
}
WHERE = {"channels": "C0GENERAL", "groups": "C0SECRET", "im": "D0LEAD"}
APP_TOKEN = "xapp-emulated"


@pytest.mark.parametrize(("tier", "methods"), TIERS.items())
def test_every_method_is_in_the_tier_that_the_vendor_publishes(tier: int | None, methods: set[str]) -> None:
    assert {name for name, method in METHODS.items() if method.tier == tier} == methods


def test_every_method_that_needs_a_scope_needs_the_one_of_its_reference_page() -> None:
    assert {name: method.scope for name, method in METHODS.items() if method.scope} == SCOPES
    assert METHODS.keys() - SCOPES.keys() - FREE - READERS.keys() == {
        "apps.connections.open",  # the app's own token
        "conversations.list",  # depends on the types that are asked for
    }


@pytest.mark.parametrize("method", SCOPES)
def test_without_its_scope_a_method_says_what_it_needs_and_what_it_was_given(method: str) -> None:
    kept = DEFAULT_SCOPES - {SCOPES[method]}
    call = Call(SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, scopes=kept))

    assert call(method) == {
        "ok": False,
        "error": "missing_scope",
        "needed": SCOPES[method],
        "provided": ",".join(sorted(kept)),
    }


@pytest.mark.parametrize("kind", WHERE)
@pytest.mark.parametrize("method", READERS)
def test_what_reads_a_channel_needs_the_scope_of_its_kind(call: Call, method: str, kind: str) -> None:
    world = call.slack.world
    call("conversations.open", users="U0LEAD")
    world.channels["C0SECRET"] = replace(world.channels["C0GENERAL"], id="C0SECRET", is_private=True)
    call.slack.scopes = frozenset()

    refused = call(method, channel=WHERE[kind], ts="1.000000")

    assert (refused["error"], refused["needed"]) == ("missing_scope", f"{kind}:{READERS[method][kind]}")


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        (None, "auth.test", "not_authed"),
        ("xoxb-other", "auth.test", "invalid_auth"),
        (APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (TOKEN, "apps.connections.open", "not_allowed_token_type"),
        (TOKEN, "chat.teleport", "unknown_method"),
    ],
)
def test_a_call_is_refused_for_its_token_or_its_name(
    call: Call, token: str | None, method: str, error: str
) -> None:
    slack = SlackEmulator(bot_token=TOKEN, signing_secret=SECRET, app_token=APP_TOKEN)

    answer = slack.call(method, {}, token, now=call.now)

    assert (answer.status, answer.body["ok"], answer.body["error"]) == (200, False, error)
