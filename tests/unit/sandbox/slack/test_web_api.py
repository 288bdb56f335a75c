"""The Web API through the vendor's own client, over a real server.

Facts: Slack developer documentation, method reference, message metadata and pagination, 2026-11.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain import person as domain_person
from bot.errors import SlackError
from bot.ports import Message
from bot.slack import SlackClient
from bot.slack_answers import Identity, person_of
from sandbox.slack import SlackEmulator, fault_injection
from sandbox.slack.model.fixtures import Channel, Person, crowd
from sandbox.slack.server import FORM_ONLY
from sandbox.slack.web_api.errors import ApiAnswer
from tests.unit.sandbox.slack.conftest import SECRET, TOKEN, Call, served

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}]
METADATA = {"event_type": "pgaccess_card", "event_payload": {"request": "r1", "copy": 1}}


async def test_auth_test_says_who_the_bot_is_and_what_its_token_may_do(web: AsyncWebClient) -> None:
    answer = await web.auth_test()

    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0ACME", "U0PGACCESS", "B0PGACCESS")
    assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")


@pytest.mark.parametrize(("token", "error"), [(None, "not_authed"), ("xoxb-other", "invalid_auth")])
async def test_a_missing_and_a_wrong_token_are_told_apart(
    web: AsyncWebClient, token: str | None, error: str
) -> None:
    web.token = token

    with pytest.raises(SlackApiError) as refused:
        await web.auth_test()

    assert refused.value.response["error"] == error
    assert refused.value.response.status_code == 200


def test_a_method_needs_its_scope(call: Call) -> None:
    call.slack.scopes = frozenset({"users:read"})

    assert call("chat.postMessage", channel="C0GENERAL", text="x") == {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "provided": "users:read",
    }


def test_a_history_needs_the_scope_of_its_kind_of_channel(call: Call) -> None:
    call.slack.scopes = frozenset({"channels:history", "chat:write"})
    direct = call("chat.postMessage", channel="U0LEAD", text="x")["channel"]

    assert call("conversations.history", channel="C0GENERAL")["ok"]
    assert call("conversations.history", channel=direct)["needed"] == "im:history"


def test_an_unknown_method_is_named_so(call: Call) -> None:
    assert call("chat.postMessages")["error"] == "unknown_method"


async def test_a_posted_message_is_seen_by_the_members_of_its_channel(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    posted = await web.chat_postMessage(channel="C0APPROVALS", text="hello", blocks=BLOCKS)

    seen = slack.messages("#approvals", "lead")
    assert [message["ts"] for message in seen] == [posted["ts"]]
    assert posted["message"]["bot_id"] == "B0PGACCESS"
    assert posted["message"]["blocks"][0]["block_id"]


async def test_a_message_to_a_person_opens_their_direct_messages(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    posted = await web.chat_postMessage(channel="U0ENGINEER", text="just you")
    opened = await web.conversations_open(users="U0ENGINEER")

    assert posted["channel"] == opened["channel"]["id"] == "D0ENGINEER"
    assert [one["text"] for one in slack.messages("@pgaccess", "engineer")] == ["just you"]


REFUSED_POSTS: dict[str, tuple[dict[str, Any], str]] = {
    "nowhere": ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
    "to a channel without the bot": ({"channel": "C0SECRET", "text": "x"}, "not_in_channel"),
    "to an archived channel": ({"channel": "C0OLD", "text": "x"}, "is_archived"),
    "without words": ({"channel": "C0GENERAL"}, "no_text"),
    "without a channel": ({"text": "x"}, "invalid_arguments"),
    "blocks that are no JSON": ({"channel": "C0GENERAL", "blocks": "[{"}, "invalid_blocks_format"),
    "metadata without a payload": (
        {"channel": "C0GENERAL", "text": "x", "metadata": {"event_type": "x"}},
        "invalid_metadata_format",
    ),
    "attachments, which are not emulated": (
        {"channel": "C0GENERAL", "text": "x", "attachments": [{"text": "x"}]},
        "invalid_arguments",
    ),
    "a reply to nothing": (
        {"channel": "C0GENERAL", "text": "x", "thread_ts": "1.000000"},
        "thread_not_found",
    ),
}


@pytest.mark.parametrize(("arguments", "error"), REFUSED_POSTS.values(), ids=REFUSED_POSTS.keys())
def test_a_message_that_slack_refuses_is_not_posted(
    call: Call, arguments: dict[str, Any], error: str
) -> None:
    channels = call.slack.world.channels
    channels["C0SECRET"] = Channel(id="C0SECRET", name="secret", members=frozenset({"U0LEAD"}))
    members = frozenset({"U0LEAD", "U0PGACCESS"})
    channels["C0OLD"] = Channel(id="C0OLD", name="old", members=members, is_archived=True)

    assert call("chat.postMessage", **arguments)["error"] == error
    assert call.slack.workspace.messages == {}


async def test_refused_blocks_are_explained_with_a_pointer(web: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await web.chat_postMessage(channel="C0GENERAL", text="x", blocks=[{"type": "section"}])

    response = refused.value.response
    assert response["error"] == "invalid_blocks"
    assert response["response_metadata"]["messages"] == [
        "[ERROR] must define either text or fields [json-pointer:/blocks/0]"
    ]


def test_a_text_is_cut_silently_at_40000_characters(call: Call) -> None:
    # chat.postMessage: "provide no more than 40,000 characters or risk truncation".
    call("chat.postMessage", channel="C0GENERAL", text="x" * 40_001)

    assert len(call.slack.messages("#general", "lead")[0]["text"]) == 40_000


async def test_an_edit_keeps_the_timestamp_and_what_it_does_not_mention(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    # chat.update: blocks and metadata not given are retained; an empty value removes them.
    posted = await web.chat_postMessage(channel="C0GENERAL", text="a", blocks=BLOCKS, metadata=METADATA)

    edited = await web.chat_update(channel="C0GENERAL", ts=posted["ts"], text="b")

    assert edited["ts"] == posted["ts"]
    assert edited["message"]["metadata"] == METADATA
    assert edited["message"]["blocks"] == posted["message"]["blocks"]
    assert edited["message"]["edited"]["user"] == "U0PGACCESS"
    emptied = await web.chat_update(channel="C0GENERAL", ts=posted["ts"], text="b", blocks=[], metadata={})
    assert "blocks" not in emptied["message"]
    assert "metadata" not in emptied["message"]
    assert [one["edited"] for one in slack.messages("#general", "lead")] == [True]


def test_only_the_bots_own_kept_messages_can_be_edited(call: Call) -> None:
    human = call.slack.says("lead", "hi", "#general", now=call.now)["ts"]
    hidden = call("chat.postEphemeral", channel="C0GENERAL", user="U0LEAD", text="x")["message_ts"]

    def edit(ts: object) -> object:
        return call("chat.update", channel="C0GENERAL", ts=ts, text="y")["error"]

    assert edit(human) == "cant_update_message"
    assert edit(hidden) == "message_not_found"
    assert edit("1.000000") == "message_not_found"
    assert call("chat.delete", channel="C0GENERAL", ts=human)["error"] == "cant_delete_message"


def test_an_edited_text_has_4000_bytes_when_it_is_escaped(call: Call) -> None:
    ts = call("chat.postMessage", channel="C0GENERAL", text="x")["ts"]

    assert call("chat.update", channel="C0GENERAL", ts=ts, text="&" * 800)["ok"]
    assert call("chat.update", channel="C0GENERAL", ts=ts, text="&" * 801)["error"] == "msg_too_long"
    assert call("chat.update", channel="C0GENERAL", ts=ts, text="あ" * 1334)["error"] == "msg_too_long"


async def test_a_deleted_message_is_gone(web: AsyncWebClient, slack: SlackEmulator) -> None:
    posted = await web.chat_postMessage(channel="C0GENERAL", text="x")

    await web.chat_delete(channel="C0GENERAL", ts=posted["ts"])

    assert slack.messages("#general", "lead") == []


async def test_an_ephemeral_message_is_seen_by_one_person_and_is_in_no_history(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    await web.chat_postEphemeral(channel="C0GENERAL", user="U0LEAD", text="psst")

    assert [one["text"] for one in slack.ephemerals("lead")] == ["psst"]
    assert slack.messages("#general", "engineer") == []
    assert (await web.conversations_history(channel="C0GENERAL"))["messages"] == []
    with pytest.raises(SlackApiError, match="user_not_in_channel"):
        await web.chat_postEphemeral(channel="C0OPERATIONS", user="U0ENGINEER", text="psst")


async def test_history_is_paged_newest_first(web: AsyncWebClient) -> None:
    sent = [(await web.chat_postMessage(channel="C0GENERAL", text=str(n)))["ts"] for n in range(5)]

    first = await web.conversations_history(channel="C0GENERAL", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await web.conversations_history(channel="C0GENERAL", limit=3, cursor=cursor)

    pages = [[one["ts"] for one in page["messages"]] for page in (first, second)]
    assert pages == [sent[:1:-1], sent[1::-1]]
    assert (first["has_more"], second["has_more"]) == (True, False)
    with pytest.raises(SlackApiError, match="invalid_cursor"):
        await web.conversations_history(channel="C0GENERAL", cursor="bm9uc2Vuc2U=")


async def test_history_is_bounded_exclusively_unless_asked_otherwise(web: AsyncWebClient) -> None:
    sent = [(await web.chat_postMessage(channel="C0GENERAL", text=str(n)))["ts"] for n in range(3)]
    bounds = {"channel": "C0GENERAL", "oldest": sent[0], "latest": sent[2]}

    between = await web.conversations_history(**bounds)
    inclusive = await web.conversations_history(**bounds, inclusive=True)

    assert [one["ts"] for one in between["messages"]] == [sent[1]]
    assert [one["ts"] for one in inclusive["messages"]] == sent[::-1]
    with pytest.raises(SlackApiError, match="invalid_ts_oldest"):
        await web.conversations_history(channel="C0GENERAL", oldest="yesterday")


async def test_history_returns_metadata_when_asked(web: AsyncWebClient) -> None:
    await web.chat_postMessage(channel="C0GENERAL", text="x", metadata=METADATA)

    asked = await web.conversations_history(channel="C0GENERAL", include_all_metadata=True)
    not_asked = await web.conversations_history(channel="C0GENERAL")

    assert asked["messages"][0]["metadata"] == METADATA
    assert "metadata" not in not_asked["messages"][0]


async def test_replies_stand_under_their_parent_and_not_in_the_history(web: AsyncWebClient) -> None:
    parent = (await web.chat_postMessage(channel="C0GENERAL", text="card"))["ts"]
    reply = (await web.chat_postMessage(channel="C0GENERAL", text="done", thread_ts=parent))["ts"]

    history = await web.conversations_history(channel="C0GENERAL")
    thread = await web.conversations_replies(channel="C0GENERAL", ts=parent)

    assert [one["ts"] for one in history["messages"]] == [parent]
    assert history["messages"][0]["reply_count"] == 1
    assert [one["ts"] for one in thread["messages"]] == [parent, reply]


async def test_a_channel_is_described(web: AsyncWebClient) -> None:
    known = await web.conversations_info(channel="C0OPERATIONS", include_num_members=True)

    assert (known["channel"]["name"], known["channel"]["is_member"]) == ("operations", True)
    assert known["channel"]["num_members"] == 3


async def test_a_person_is_described_with_zone_and_locale(web: AsyncWebClient) -> None:
    asked = (await web.users_info(user="U0LEAD2", include_locale=True))["user"]
    plain = (await web.users_info(user="U0GUEST"))["user"]

    assert (asked["locale"], asked["tz"], asked["tz_offset"]) == ("ja-JP", "Asia/Tokyo", 32400)
    assert asked["real_name"] == asked["profile"]["real_name"] == "リード"
    assert "locale" not in plain
    assert plain["is_restricted"] is True
    with pytest.raises(SlackApiError, match="user_not_found"):
        await web.users_info(user="U0NOBODY")


def test_a_deactivated_account_says_hardly_more_than_that(call: Call) -> None:
    # user object: zone, locale and roles are left out once `deleted` is true.
    call.slack.world.deactivate("engineer")

    user = call("users.info", user="U0ENGINEER", include_locale=True)["user"]

    assert isinstance(user, dict)
    assert user["deleted"] is True
    assert not {"tz", "locale", "is_restricted", "real_name"} & set(user)
    assert call("conversations.open", users="U0ENGINEER")["error"] == "user_disabled"


async def test_people_are_listed_in_pages_and_slackbot_is_no_bot(web: AsyncWebClient) -> None:
    people: list[dict[str, Any]] = []
    async for part in await web.users_list(limit=3, include_locale=True):
        people += part["members"]

    assert len(people) == len({one["id"] for one in people}) == 7
    assert [one["is_bot"] for one in people if one["id"] == "USLACKBOT"] == [False]
    assert [one["is_bot"] for one in people if one["id"] == "U0PGACCESS"] == [True]


async def test_user_groups_are_listed_with_their_members(web: AsyncWebClient) -> None:
    groups = await web.usergroups_list(include_users=True, include_count=True)
    members = await web.usergroups_users_list(usergroup="S0LEADS")

    assert [(one["handle"], one["user_count"]) for one in groups["usergroups"]] == [("leads", 2)]
    assert members["users"] == ["U0LEAD", "U0LEAD2"]
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await web.usergroups_users_list(usergroup="S0NONE")


async def test_the_team_is_described(web: AsyncWebClient, slack: SlackEmulator) -> None:
    slack.scopes |= {"team:read"}
    assert (await web.team_info())["team"]["domain"] == "acme"


async def test_a_form_carries_blocks_as_json_text_and_the_token_as_a_field(
    url: str, slack: SlackEmulator
) -> None:
    # Web API basics: both content types; a token in the body instead of the header.
    form = {"token": TOKEN, "channel": "C0GENERAL", "text": "x", "blocks": '[{"type": "divider"}]'}
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/api/chat.postMessage", data=form)

    assert answer.json()["ok"]
    assert slack.messages("#general", "lead")[0]["blocks"][0]["type"] == "divider"
    assert TOKEN not in str(slack.request_log)


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        ("{", "application/json", "invalid_json"),
        ("[]", "application/json", "json_not_object"),
        ("x", "application/xml", "invalid_post_type"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(url: str, content: str, kind: str, error: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{url}/api/auth.test", content=content, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["error"]) == (200, error)


async def test_the_journal_keeps_every_exchange_and_no_secret(
    web: AsyncWebClient, slack: SlackEmulator
) -> None:
    await web.chat_postMessage(channel="C0GENERAL", text="remember me")

    assert [(one.kind, one.name, one.status) for one in slack.request_log] == [
        ("call", "chat.postMessage", 200)
    ]
    assert "remember me" in slack.request_log[0].sent
    assert TOKEN not in str(slack.request_log)
    assert SECRET not in str(slack.request_log)


@pytest.mark.parametrize("method", sorted(FORM_ONLY))
async def test_a_method_that_only_reads_ignores_a_json_body(
    url: str, slack: SlackEmulator, method: str
) -> None:
    # Web API basics: "most write methods" take JSON; users.info as JSON is measured to answer as if empty.
    body = {"user": "U0LEAD", "channel": "C0GENERAL", "usergroup": "S0LEADS"}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        await client.post(f"{url}/api/{method}", json=body)
        await client.get(f"{url}/api/{method}", params=body)

    as_json, as_query = slack.request_log
    assert as_json.sent == "{}"
    assert "U0LEAD" in as_query.sent


# --- The bot's own client ----------------------------------------------------------------------------

US = Identity(team="T0ACME", bot_id="B0PGACCESS", bot_user="U0PGACCESS", enterprise=None)
SHOWN = Message(text="card", blocks=BLOCKS)


@pytest.fixture
async def client(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlackClient]:
    """The client that the bot uses in production, pointed here by its base URL only."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with SlackClient(token=TOKEN, url=f"{url}/api/") as ours:
        yield ours


def arguments(slack: SlackEmulator, method: str) -> list[str]:
    """What each call of a method carried."""
    return [one.sent for one in slack.request_log if one.name == method]


async def test_our_client_knows_people_with_zone_and_language(client: SlackClient) -> None:
    lead = await client.person("U0LEAD2")

    assert lead is not None
    assert (lead.id, lead.locale, lead.zone, lead.external) == ("U0LEAD2", "ja-JP", "Asia/Tokyo", False)
    assert await client.person("U0NOBODY") is None


async def everybody(client: SlackClient) -> list[domain_person.Person]:
    """Everybody in the workspace, as our client lists them."""
    page = await client.people_page("")
    found = [*page.people]
    while page.next_cursor:
        page = await client.people_page(page.next_cursor)
        found += page.people
    return found


async def test_our_client_lists_everybody_by_the_thousand(client: SlackClient, slack: SlackEmulator) -> None:
    people, _ = crowd(2100, deactivated=900)
    slack.world.people |= {one.id: one for one in people}

    listed = await everybody(client)

    assert [person.id for person in listed] == list(slack.world.people)
    assert sum(person.deactivated for person in listed) == 900
    assert {person.locale for person in listed} == {"", "en-US", "ja-JP"}
    assert len(arguments(slack, "users.list")) == 3


async def test_our_client_is_told_that_a_cursor_is_no_good_any_more(client: SlackClient) -> None:
    with pytest.raises(SlackError) as refused:
        await client.people_page("bm9ib2R5")

    assert refused.value.code == "invalid_cursor"


def test_a_large_workspace_is_not_listed_without_a_limit(call: Call) -> None:
    people, _ = crowd(10_001)
    call.slack.world.people |= {one.id: one for one in people}

    assert call("users.list")["error"] == "limit_required"


async def test_our_client_lists_many_groups_with_one_call(client: SlackClient, slack: SlackEmulator) -> None:
    people, groups = crowd(100, groups=30, group_size=20)
    slack.world.people |= {one.id: one for one in people}
    slack.world.groups |= {one.id: one for one in groups}
    slack.world.groups["S1001"] = replace(groups[1], disabled=True)

    listed = await client.groups()

    assert set(listed) == set(slack.world.groups) - {"S1001"}
    assert listed["S1000"] == groups[0].users
    assert len(arguments(slack, "usergroups.list")) == 1


async def test_our_client_leaves_out_a_group_that_is_not_listed_in_full(
    client: SlackClient, slack: SlackEmulator
) -> None:
    slack.world.groups["S0BIG"] = replace(
        slack.world.groups["S0LEADS"], id="S0BIG", users=("U0LEAD", "U0LEAD2", "U0ENGINEER")
    )
    slack.set_behavior(listed_members_most=2)

    assert await client.groups() == {"S0LEADS": ("U0LEAD", "U0LEAD2")}


def test_one_method_can_be_limited_by_itself(call: Call) -> None:
    call.slack.set_behavior(calls_a_minute={"users.info": 2})

    answers = [call("users.info", user="U0LEAD")["ok"] for _ in range(3)]

    assert answers == [True, True, False]
    assert call("users.list")["ok"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("20", 20), ("0", 1), ("-5", 1), ("1e9", 300), ("nan", 300), ("soon", 300), ("0.5", 1)],
)
async def test_our_client_believes_a_wait_within_reason(
    client: SlackClient, slack: SlackEmulator, header: str, seconds: float
) -> None:
    limited = ApiAnswer(
        status=429, headers={"Retry-After": header}, body={"ok": False, "error": "ratelimited"}
    )
    slack.fault("users.info", fault_injection.Fault(answer=limited))

    with pytest.raises(SlackError) as refused:
        await client.person("U0LEAD")

    assert refused.value.retry_after_s == seconds


async def test_our_client_reads_a_wait_that_is_a_date(client: SlackClient, slack: SlackEmulator) -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    limited = ApiAnswer(
        status=429, headers={"Retry-After": header}, body={"ok": False, "error": "ratelimited"}
    )
    slack.fault("users.info", fault_injection.Fault(answer=limited))

    with pytest.raises(SlackError) as refused:
        await client.person("U0LEAD")

    assert refused.value.retry_after_s is not None
    assert 25 < refused.value.retry_after_s <= 30


async def test_our_client_does_not_wait_for_ever(client: SlackClient, slack: SlackEmulator) -> None:
    slack.fault("usergroups.users.list", fault_injection.ratelimited(61))

    with pytest.raises(SlackError) as limited:
        await client.group_members("S0LEADS")

    assert (limited.value.code, limited.value.retry_after_s) == ("ratelimited", 61)
    assert await client.group_members("S0LEADS") == ("U0LEAD", "U0LEAD2")


async def test_our_client_finds_its_own_message_in_a_channel(client: SlackClient) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    await client.post("C0GENERAL", SHOWN, number=16)
    place = await client.post("C0GENERAL", SHOWN, number=17)

    assert await client.find("C0GENERAL", number=17, since=before) == place
    assert await client.find("C0GENERAL", number=18, since=before) is None
    assert await client.find("C0GENERAL", number=17, since=before + timedelta(minutes=2)) is None


async def test_our_client_finds_its_own_reply_in_a_thread_and_only_there(client: SlackClient) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    card = await client.post("C0GENERAL", SHOWN, number=17)
    place = await client.post("C0GENERAL", SHOWN, number=18, thread=card.ts)

    assert await client.find("C0GENERAL", number=18, since=before, thread=card.ts) == place
    assert await client.find("C0GENERAL", number=18, since=before) is None


async def test_what_our_client_cannot_read_may_have_been_done(
    client: SlackClient, slack: SlackEmulator
) -> None:
    slack.fault("chat.postMessage", fault_injection.lost_answer())

    with pytest.raises(SlackError) as lost:
        await client.post("C0GENERAL", SHOWN, number=17)

    assert (lost.value.code, lost.value.unclear) == ("unreachable", True)
    assert len(slack.messages("#general", "lead")) == 1


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        ("<html>", "application/json", 200),
        ("<html>", "text/html", 502),
        ("upstream timed out", "text/plain", 504),
        ("[]", "application/json", 500),
    ],
)
async def test_a_proxys_page_instead_of_an_answer_leaves_it_open_whether_something_was_posted(
    content: str, kind: str, status: int
) -> None:
    async def page(_: Request) -> Response:
        return Response(content, status_code=status, media_type=kind)

    server = Starlette(routes=[Route("/api/{method}", page, methods=["POST"])])
    async with served(server) as address, SlackClient(token=TOKEN, url=f"{address}/api/") as ours:
        with pytest.raises(SlackError) as unread:
            await ours.post("C0GENERAL", SHOWN, number=17)

    assert unread.value.unclear


async def test_somebody_from_another_workspace_is_external_whatever_else_slack_says(
    client: SlackClient, slack: SlackEmulator
) -> None:
    # Slack Connect: who shares a channel with the bot is no "stranger"; only their workspace tells.
    partner = Person(id="U0PARTNER", name="partner", real_name="Partner", team="T0PARTNER")
    slack.world.people[partner.id] = partner

    found = await client.person("U0PARTNER")
    listed = {person.id: person.external for person in await everybody(client)}

    assert found is not None
    assert found.external
    assert listed["U0PARTNER"]
    assert not listed["U0ENGINEER"]


ACME = replace(US, enterprise="E0ACME")
HOMES: dict[str, tuple[Identity, dict[str, Any], bool]] = {
    "our workspace": (US, {"team_id": "T0ACME"}, False),
    "no workspace said": (US, {}, False),
    "another workspace": (US, {"team_id": "T0PARTNER"}, True),
    "a stranger, in whatever workspace": (US, {"team_id": "T0ACME", "is_stranger": True}, True),
    "another workspace of our organisation": (
        ACME,
        {"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E0ACME"}},
        False,
    ),
    "our organisation itself": (ACME, {"team_id": "E0ACME"}, False),
    "another organisation": (
        ACME,
        {"team_id": "T0PARTNER", "enterprise_user": {"enterprise_id": "E0PARTNER"}},
        True,
    ),
    "an organisation, and we have none": (
        US,
        {"team_id": "T0PARTNER", "enterprise_user": {"enterprise_id": "E0PARTNER"}},
        True,
    ),
}


@pytest.mark.parametrize(("us", "said", "external"), HOMES.values(), ids=HOMES.keys())
def test_who_is_at_home_elsewhere_is_external(us: Identity, said: dict[str, Any], external: bool) -> None:
    assert person_of({"id": "U0SOMEBODY", **said}, us).external is external
