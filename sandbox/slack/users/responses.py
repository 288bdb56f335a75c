"""Effects of the bot's responses: a command's message, a modal's next step, a post to a response_url.

Facts: Slack developer documentation, slash commands, modals and message responses, 2026-11. In Slack's words
a command that fails says ``/pgaccess failed with the error "operation_timeout"``.
"""

import json
from datetime import datetime
from typing import Any

from sandbox.slack.delivery import Delivery
from sandbox.slack.delivery_transport import Delivered
from sandbox.slack.model.triggers import ResponseUrl, Rights
from sandbox.slack.model.workspace import Message, Workspace
from sandbox.slack.validation.blocks import validate_response, validate_view
from sandbox.slack.validation.checks import Json
from sandbox.slack.validation.elements import SUGGESTED
from sandbox.slack.web_api import views
from sandbox.slack.web_api.errors import Refused

SLACKBOT = "USLACKBOT"


class Receipts:
    """Applies responses to the workspace; raises `Refused` where Slack rejects them."""

    def __init__(self, *, workspace: Workspace, rights: Rights) -> None:
        self._workspace = workspace
        self._rights = rights

    def command(self, delivery: Delivery, answer: Delivered, *, now: datetime) -> None:
        """Show the response to a command: to the person alone unless it says otherwise."""
        body = _said(answer)
        if body:
            self._show(body, self._rights.issued(_secret(delivery.payload["response_url"])), now=now)

    def failed(self, delivery: Delivery, error: str, *, now: datetime) -> None:
        """Show a person that their command failed; clicks and forms show their errors themselves."""
        if delivery.kind == "command":
            text = f'{delivery.payload["command"]} failed with the error "{error}"'
            self._post(delivery.person, delivery.channel, text, [], to=delivery.person, by=SLACKBOT, now=now)

    def submission(self, delivery: Delivery, answer: Delivered, *, now: datetime) -> dict[str, str]:
        """Apply the response to a submission; return its errors by block_id."""
        body = _json(answer) if answer.body.strip() else {"response_action": None}
        if not isinstance(body, dict) or body.get("response_action", "") == "":
            raise Refused("invalid_response_action")
        step = body["response_action"]
        if step == "errors":
            return self._errors(delivery, body.get("errors"))
        if step in ("update", "push"):
            self._next(delivery, step, body.get("view"), now)
        elif step in (None, "clear"):
            stack = self._workspace.stacks.get(delivery.person, [])
            kept = [] if step == "clear" else [one for one in stack if one.id != delivery.view]
            self._workspace.stacks[delivery.person] = kept
        else:
            raise Refused("invalid_response_action")
        self._workspace.touch()
        return {}

    def search(self, delivery: Delivery, answer: Delivered) -> list[Json]:
        """Return the options of a search, which can be chosen in its view from now on."""
        body = _json(answer)
        if any(SUGGESTED(body, "")):
            raise Refused("invalid_options")  # Slack shows "no results" and tells nobody why
        options: list[Json] = body["options"]
        place = (delivery.payload["block_id"], delivery.payload["action_id"])
        found = self._workspace.view(delivery.view).suggested.setdefault(place, {})
        found.update({option["value"]: option for option in options})
        return options

    def respond(self, secret: str, body: Any, *, now: datetime) -> None:
        """Apply a post to a response_url: replace or delete its message, or post a new one."""
        url = self._rights.respond(secret, now=now)
        if not isinstance(body, dict):
            raise Refused("invalid_payload")
        original = self._original(url)
        if original and body.get("delete_original"):
            self._workspace.remove(self._workspace.find(url.channel, original, viewer=url.person))
            return
        if original and body.get("replace_original"):
            self._replace(body, original, url, now)
        else:
            self._show(body, url, now=now)

    def _original(self, url: ResponseUrl) -> str | None:
        """Return the message that may be replaced or deleted: the one that was clicked.

        Whether a command's first response counts as one is part of `Behavior`.
        """
        return url.ts or (url.said if self._rights.behavior.command_replaces else None)

    def _errors(self, delivery: Delivery, errors: Any) -> dict[str, str]:
        view = self._workspace.view(delivery.view)
        inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise Refused("invalid_errors")  # Slack shows nothing for a block that is not an input
        view.errors = {str(block_id): str(text) for block_id, text in errors.items()}
        self._workspace.touch()
        return view.errors

    def _next(self, delivery: Delivery, step: str, content: Any, now: datetime) -> None:
        if problems := validate_view(content):
            raise Refused.because(problems)
        view = self._workspace.view(delivery.view)
        if step == "push":
            views.pushed(self._workspace, view, content, now=now)
        else:
            view.show({**content, "blocks": self._workspace.with_ids(content["blocks"])}, now=now)

    def _replace(self, body: Json, original: str, url: ResponseUrl, now: datetime) -> None:
        _check(body)
        message = self._workspace.find(url.channel, original, viewer=url.person)
        message.text = body.get("text") or ""
        message.redraw(self._workspace.with_ids(body.get("blocks") or []))
        message.edited_ts = self._workspace.next_ts(now)
        self._workspace.touch()

    def _show(self, body: Json, url: ResponseUrl, *, now: datetime) -> None:
        _check(body)
        to = None if body.get("response_type") == "in_channel" else url.person
        text, blocks = body.get("text") or "", body.get("blocks") or []
        by = self._workspace.world.bot
        ts = self._post(
            url.person, url.channel, text, blocks, to=to, by=by, now=now, thread_ts=body.get("thread_ts")
        )
        url.said = url.said or ts

    def _post(
        self,
        person: str,
        channel: str,
        text: str,
        blocks: list[Json],
        *,
        to: str | None,
        by: str,
        now: datetime,
        thread_ts: str | None = None,
    ) -> str:
        ts = self._workspace.next_ts(now)
        self._workspace.post(
            Message(channel=channel, ts=ts, user=by, text=text, blocks=blocks, to=to, thread_ts=thread_ts)
        )
        return ts


def _secret(url: str) -> str:
    return url.rpartition("/")[2]


def _check(body: Json) -> None:
    if problems := validate_response(body):
        raise Refused.because(problems)


def _said(answer: Delivered) -> Json:
    """Return a command's response as a message: JSON as it is, anything else as its text."""
    if not answer.body.strip():
        return {}
    if "json" in answer.headers.get("content-type", ""):
        found = _json(answer)
        if not isinstance(found, dict):
            raise Refused("invalid_payload")
        return found
    return {"text": answer.body.decode(errors="replace")}


def _json(answer: Delivered) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise Refused("invalid_payload") from error
