"""Signed requests from Slack to the bot.

Fact: Slack developer documentation, verifying requests, 2026-11: ``v0=`` and the HMAC-SHA256 of
``v0:{timestamp}:{raw body}`` under the signing secret; the timestamp is real time in seconds.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from sandbox.slack.validation.checks import Json

FORM = "application/x-www-form-urlencoded"
PATH = "/slack/events"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A signed request to the bot.

    Attributes:
        kind: ``command``, the payload's type (``block_actions`` …), ``event`` or ``url_verification``.
        payload: Content of the body, for tests; only the body is sent.
        person, channel, view: What the response applies to, where it does.
    """

    kind: str
    payload: Json
    body: bytes
    headers: Mapping[str, str]
    person: str = ""
    channel: str = ""
    view: str = ""


def sign(body: bytes, secret: str, *, now: datetime) -> dict[str, str]:
    """Return the two headers that prove a request is Slack's."""
    timestamp = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def form(kind: str, fields: Json, secret: str, *, now: datetime, person: str, channel: str) -> Delivery:
    """Return a slash command, form-encoded."""
    body = urlencode(fields).encode()
    headers = {"Content-Type": FORM, **sign(body, secret, now=now)}
    return Delivery(kind=kind, payload=fields, body=body, headers=headers, person=person, channel=channel)


def interaction(payload: Json, secret: str, *, now: datetime) -> Delivery:
    """Return an interaction: JSON in the form field ``payload``."""
    body = urlencode({"payload": _compact(payload)}).encode()
    return Delivery(
        kind=payload["type"],
        payload=payload,
        body=body,
        headers={"Content-Type": FORM, **sign(body, secret, now=now)},
        person=payload["user"]["id"],
        channel=payload.get("channel", {}).get("id", ""),
        view=payload.get("view", {}).get("id", ""),
    )


def event(payload: Json, secret: str, *, now: datetime) -> Delivery:
    """Return an event, or the challenge that confirms the request URL: plain JSON."""
    body = _compact(payload).encode()
    headers = {"Content-Type": "application/json", **sign(body, secret, now=now)}
    kind = "event" if payload["type"] == "event_callback" else payload["type"]
    return Delivery(kind=kind, payload=payload, body=body, headers=headers)


def again(delivery: Delivery, secret: str, *, number: int, reason: str, now: datetime) -> Delivery:
    """Return an event's redelivery: the same body, signed anew, saying which attempt it is and why."""
    retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
    return replace(delivery, headers={**delivery.headers, **sign(delivery.body, secret, now=now), **retry})


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
