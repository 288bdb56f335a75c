"""What the emulated Slack says, as the vendor's own client, models and verifiers read it.

Facts: the vendor's SDK for Python (slack_sdk 3.47): its method for each of the Web API's, its models, its
signature check and its retry handler. Its Socket Mode client is tested with the emulated Slack in
`tests.unit.sandbox.slack.test_socket_mode`.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View, ViewState
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox.slack import Behavior, People, SlackEmulator, fault_injection
from sandbox.slack.web_api.methods import METHODS
from tests.unit.sandbox.slack.bot import Bot
from tests.unit.sandbox.slack.conftest import SECRET, TOKEN

Json = dict[str, Any]
Asked = Callable[["Talk"], Awaitable[AsyncSlackResponse]]

APP_TOKEN = "xapp-emulated"
TEXT: Json = {"type": "plain_text", "text": "Ask"}
HOME: Json = {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hi*"}}]}
CARD: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}},
    {"type": "actions", "block_id": "b", "elements": [{"type": "button", "text": TEXT, "action_id": "go"}]},
]


def element(kind: str, **more: Any) -> Json:
    return {"type": kind, "action_id": "a", **more}


OPTION: Json = {"text": TEXT, "value": "v"}
ELEMENTS: dict[str, tuple[Json, Any]] = {
    "plain_text_input": (element("plain_text_input", multiline=True), "why"),
    "number_input": (element("number_input", is_decimal_allowed=False), "7"),
    "static_select": (element("static_select", options=[OPTION]), "v"),
    "multi_static_select": (element("multi_static_select", options=[OPTION]), ["v"]),
    "external_select": (element("external_select", initial_option=OPTION), "v"),
    "users_select": (element("users_select"), "U0LEAD"),
    "datepicker": (element("datepicker"), "2026-11-24"),
    "timepicker": (element("timepicker"), "09:30"),
    "radio_buttons": (element("radio_buttons", options=[OPTION]), "v"),
    "checkboxes": (element("checkboxes", options=[OPTION]), ["v"]),
}
"""Every element of a form and what a person puts in; the SDK's model knows no datetimepicker."""


def modal(*elements: Json, **more: Any) -> Json:
    inputs = [
        {"type": "input", "block_id": f"b{number}", "label": TEXT, "element": one}
        for number, one in enumerate(elements or [element("plain_text_input")])
    ]
    return {"type": "modal", "title": TEXT, "submit": TEXT, "blocks": inputs, **more}


@pytest.fixture
def slack(behavior: Behavior) -> SlackEmulator:
    """A workspace whose token may do everything that is emulated."""
    scopes = {method.scope for method in METHODS.values() if method.scope}
    kinds = {f"{kind}:{what}" for kind in ("channels", "groups", "im") for what in ("history", "read")}
    return SlackEmulator(
        bot_token=TOKEN,
        signing_secret=SECRET,
        app_token=APP_TOKEN,
        behavior=behavior,
        scopes=frozenset({*scopes, *kinds}),
    )


class Talk:
    """The vendor's client with something to talk about: a message, a form, and a person who acts."""

    def __init__(self, web: AsyncWebClient, people: People, bot: Bot) -> None:
        self.web = web
        self.people = people
        self.bot = bot

    async def ts(self) -> str:
        """A message of the bot's in #approvals."""
        posted = await self.web.chat_postMessage(channel="C0APPROVALS", text="card", blocks=CARD)
        return str(posted["ts"])

    async def trigger(self) -> str:
        """A fresh trigger, from outside any form."""
        await self.people.types("engineer", "/pgaccess")
        return self.bot.last.fields["trigger_id"]

    async def open(self, view: Json | None = None) -> str:
        """A form in front of the engineer; returns its id."""
        opened = await self.web.views_open(trigger_id=await self.trigger(), view=view or modal())
        return str(opened["view"]["id"])

    async def pushing(self) -> str:
        """A trigger from inside a form."""
        button = {"type": "actions", "elements": [{"type": "button", "text": TEXT, "action_id": "go"}]}
        view = modal()
        await self.open({**view, "blocks": [button, *view["blocks"]]})
        await self.people.clicks_in_view("engineer", action_id="go")
        return str(self.bot.last.payload["trigger_id"])


@pytest.fixture
def talk(web: AsyncWebClient, people: People, bot: Bot) -> Talk:
    return Talk(web, people, bot)


async def _update_view(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.views_update(view_id=await talk.open(), view=View(**modal()))


async def _delete(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.chat_delete(channel="C0APPROVALS", ts=await talk.ts())


async def _update(talk: Talk) -> AsyncSlackResponse:
    blocks = Block.parse_all(CARD)
    return await talk.web.chat_update(channel="C0APPROVALS", ts=await talk.ts(), text="x", blocks=blocks)


async def _post(talk: Talk) -> AsyncSlackResponse:
    metadata = Metadata("pgaccess_post", {"post": 1})
    return await talk.web.chat_postMessage(
        channel="C0APPROVALS", text="x", blocks=Block.parse_all(CARD), metadata=metadata
    )


async def _ephemeral(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.chat_postEphemeral(
        channel="C0APPROVALS", user="U0LEAD", text="x", blocks=Block.parse_all(CARD)
    )


async def _permalink(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.chat_getPermalink(channel="C0APPROVALS", message_ts=await talk.ts())


async def _replies(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.conversations_replies(channel="C0APPROVALS", ts=await talk.ts())


async def _open_view(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.views_open(trigger_id=await talk.trigger(), view=View(**modal()))


async def _push_view(talk: Talk) -> AsyncSlackResponse:
    return await talk.web.views_push(trigger_id=await talk.pushing(), view=View(**modal()))


ASKED: dict[str, Asked] = {
    "apps.connections.open": lambda talk: talk.web.apps_connections_open(app_token=APP_TOKEN),
    "auth.test": lambda talk: talk.web.auth_test(),
    "chat.delete": _delete,
    "chat.getPermalink": _permalink,
    "chat.postEphemeral": _ephemeral,
    "chat.postMessage": _post,
    "chat.update": _update,
    "conversations.history": lambda talk: talk.web.conversations_history(channel="C0APPROVALS"),
    "conversations.info": lambda talk: talk.web.conversations_info(channel="C0APPROVALS"),
    "conversations.list": lambda talk: talk.web.conversations_list(types=["public_channel", "im"]),
    "conversations.members": lambda talk: talk.web.conversations_members(channel="C0APPROVALS"),
    "conversations.open": lambda talk: talk.web.conversations_open(users=["U0LEAD"], return_im=True),
    "conversations.replies": _replies,
    "team.info": lambda talk: talk.web.team_info(),
    "usergroups.list": lambda talk: talk.web.usergroups_list(include_users=True, include_count=True),
    "usergroups.users.list": lambda talk: talk.web.usergroups_users_list(usergroup="S0LEADS"),
    "users.info": lambda talk: talk.web.users_info(user="U0LEAD", include_locale=True),
    "users.list": lambda talk: talk.web.users_list(limit=2, include_locale=True),
    "views.open": _open_view,
    "views.publish": lambda talk: talk.web.views_publish(user_id="U0LEAD", view=View(**HOME)),
    "views.push": _push_view,
    "views.update": _update_view,
}
"""Every emulated method as the vendor's client calls it, with the arguments that it makes of ours."""


# --- the Web API -----------------------------------------------------------------------------------------


def test_every_emulated_method_is_asked_and_the_client_knows_it_by_the_same_name() -> None:
    # The SDK says in each method's description where it is documented: ".../methods/chat.postMessage".
    known = {name.replace(".", "_") for name in METHODS}

    assert ASKED.keys() == METHODS.keys()
    assert all(inspect.iscoroutinefunction(getattr(AsyncWebClient, name)) for name in known)
    for name in METHODS:
        described = inspect.getdoc(getattr(AsyncWebClient, name.replace(".", "_"))) or ""
        assert re.search(rf"methods/{re.escape(name)}\b", described), name


@pytest.mark.parametrize("method", ASKED)
async def test_every_method_is_answered_so_that_the_client_raises_nothing(talk: Talk, method: str) -> None:
    answer = await ASKED[method](talk)

    assert (answer.status_code, answer["ok"], answer.api_url.rpartition("/")[2]) == (200, True, method)


async def test_a_refusal_is_the_error_that_the_client_raises(web: AsyncWebClient) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]

    with pytest.raises(SlackApiError) as refused:
        await web.chat_postMessage(channel="C0APPROVALS", text="x", blocks=blocks)

    said = refused.value.response
    assert said["error"] == "invalid_blocks"
    assert said["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_the_client_turns_pages_by_itself_until_the_cursor_is_empty(web: AsyncWebClient) -> None:
    seen = [one["id"] async for page in await web.users_list(limit=3) for one in page["members"]]

    assert len(seen) == len({*seen}) == 7


async def test_the_clients_own_handler_waits_out_a_rate_limit(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    patient: AsyncRetryHandler = AsyncRateLimitErrorRetryHandler(max_retry_count=1)
    web.retry_handlers.append(patient)
    slack.fault("auth.test", fault_injection.ratelimited(1))

    assert (await web.auth_test())["ok"]
    assert [entry.status for entry in slack.request_log] == [429, 200]


# --- messages and views ----------------------------------------------------------------------------------


async def test_a_kept_message_is_one_of_the_vendors_models(talk: Talk) -> None:
    metadata = Metadata("pgaccess_post", {"post": 7})
    await talk.web.chat_postMessage(
        channel="C0APPROVALS", text="card", blocks=Block.parse_all(CARD), metadata=metadata
    )

    (kept,) = (await talk.web.conversations_history(channel="C0APPROVALS", include_all_metadata=True))[
        "messages"
    ]

    models = Block.parse_all(kept["blocks"])
    for model in models:
        model.validate_json()
    assert [model.to_dict() for model in models] == kept["blocks"]
    assert Metadata(**kept["metadata"]) == metadata


@pytest.mark.parametrize("kind", ELEMENTS)
async def test_what_a_person_puts_into_a_form_is_one_of_the_vendors_models(talk: Talk, kind: str) -> None:
    wanted, raw = ELEMENTS[kind]
    shown = modal(wanted)
    await talk.open(View(**shown).to_dict())

    outcome = await talk.people.submits("engineer", {"b0": {"a": raw}})

    assert outcome.ok, outcome
    said = talk.bot.last.payload["view"]
    read = View(**said)
    read.validate_json()
    assert isinstance(read.state, ViewState)
    value = read.state.values["b0"]["a"]
    assert (value.type, value.to_dict()) == (kind, {"type": kind, **_chosen(said)})


def _chosen(view: Json) -> Json:
    """What is in the one field, but for its type."""
    state = view["state"]["values"]["b0"]["a"]
    return {key: value for key, value in state.items() if key != "type"}


async def test_a_home_tab_and_a_pushed_form_are_the_vendors_models(talk: Talk) -> None:
    published = (await ASKED["views.publish"](talk))["view"]
    pushed = (await ASKED["views.push"](talk))["view"]

    for view in (published, pushed):
        model = View(**view)
        model.validate_json()
        assert (model.id, model.hash, model.team_id) == (view["id"], view["hash"], "T0ACME")
    assert (View(**pushed).root_view_id, View(**pushed).previous_view_id) == (
        pushed["root_view_id"],
        pushed["root_view_id"],
    )


# --- deliveries ------------------------------------------------------------------------------------------


async def test_the_vendors_verifier_takes_whatever_is_delivered(talk: Talk) -> None:
    ts = await talk.ts()
    await talk.people.types("engineer", "/pgaccess")
    await talk.people.clicks("lead", channel="#approvals", ts=ts, action_id="go")
    await talk.people.opens_home("engineer")
    await talk.people.deactivates("lead-2")

    verifier, other = SignatureVerifier(SECRET), SignatureVerifier("another secret")

    assert len(talk.bot.heard) == 4
    assert all(verifier.is_valid_request(one.body, one.headers) for one in talk.bot.heard)
    assert not any(other.is_valid_request(one.body, one.headers) for one in talk.bot.heard)


async def test_the_vendors_webhook_client_answers_through_a_response_url(
    talk: Talk, slack: SlackEmulator
) -> None:
    await talk.people.types("engineer", "/pgaccess")
    webhook = AsyncWebhookClient(talk.bot.last.fields["response_url"])

    answers = [await webhook.send(text="x", blocks=Block.parse_all(CARD)) for _ in range(6)]

    assert [one.status_code for one in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5].body
    assert [one["text"] for one in slack.ephemerals("engineer")] == ["x"] * 5
