"""An emulated pager: PagerDuty's Events API v2, and a receiver of signed webhooks that checks each signature.

Facts: PagerDuty developer documentation, "Send an Alert Event", 2026-11: 202 with ``status``, ``message`` and
``dedup_key``; 400 with ``errors`` for an invalid event; 429 for too many.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROUTING_KEY: Final = "0123456789abcdef0123456789abcdef"
WEBHOOK_KEY: Final = "emulated-webhook-key"
"""Keys of the emulator; they are valid nowhere else."""

OLDEST_S: Final = 300
"""Seconds that a signature is accepted for: the same as Slack gives its own."""

SEVERITIES: Final = ("critical", "error", "warning", "info")

ACTIONS: Final = ("trigger", "acknowledge", "resolve")

SUMMARY: Final = 1024
"""Characters of a summary."""

PAYLOAD: Final = frozenset(
    {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
)

WEBHOOK: Final = frozenset(
    {"id", "action", "key", "severity", "summary", "source", "component", "at", "details"}
)


@dataclass(kw_only=True)
class PagerEmulator:
    """What was received, and what goes wrong.

    Attributes:
        events: bodies that were accepted, oldest first.
        refused: why others were not.
        open: summaries of incidents that are not resolved, by their key.
        failures: statuses that the next calls are answered with, before anything is read of them.
        headers: of those answers.
    """

    events: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    open: dict[str, str] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        """Return the ASGI application: ``/v2/enqueue`` as at PagerDuty, ``/hooks/pager`` for webhooks."""
        return Starlette(
            routes=[
                Route("/v2/enqueue", self._enqueue, methods=["POST"]),
                Route("/hooks/pager", self._webhook, methods=["POST"]),
            ]
        )

    async def _enqueue(self, request: Request) -> Response:
        if self.failures:
            return Response(status_code=self.failures.pop(0), headers=dict(self.headers))
        event = _read(await request.body())
        errors = ["Event is not JSON"] if event is None else list(_event_errors(event))
        if event is None or errors:
            self.refused += errors
            answer = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
            return JSONResponse(answer, status_code=400)
        self._take(event, event["event_action"], event["dedup_key"], event.get("payload", {}).get("summary"))
        taken = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return JSONResponse(taken, status_code=202)

    async def _webhook(self, request: Request) -> Response:
        if self.failures:
            return Response(status_code=self.failures.pop(0), headers=dict(self.headers))
        body = await request.body()
        wrong = signature_error(
            body,
            timestamp=request.headers.get("X-Pgaccess-Timestamp", ""),
            signature=request.headers.get("X-Pgaccess-Signature", ""),
            key=WEBHOOK_KEY,
        )
        event = _read(body)
        if not wrong and (event is None or event.keys() != WEBHOOK):
            wrong = "the body is not as documented"
        if event is None or wrong:
            self.refused.append(wrong)
            return Response(wrong, status_code=401)
        self._take(event, event["action"], event["key"], event["summary"])
        return Response(status_code=204)

    def _take(self, event: dict[str, Any], action: str, key: str, summary: str | None) -> None:
        self.events.append(event)
        if action == "resolve":
            self.open.pop(key, None)
        else:
            self.open[key] = summary or ""


def signature_error(body: bytes, *, timestamp: str, signature: str, key: str) -> str:
    """Check a webhook as the documentation tells receivers to; return what is wrong, empty if nothing is."""
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > OLDEST_S:
        return "the timestamp is too old"
    expected = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return "" if hmac.compare_digest(signature, f"v1={expected}") else "the signature is wrong"


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        read = json.loads(body)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _event_errors(event: Mapping[str, Any]) -> Iterator[str]:
    if event.get("routing_key") != ROUTING_KEY:
        yield "'routing_key' is invalid (must be 32 characters)"
    if event.get("event_action") not in ACTIONS:
        yield "'event_action' is invalid"
    key = event.get("dedup_key")
    if not isinstance(key, str) or not 0 < len(key) <= 255:
        yield "'dedup_key' is invalid (must be 1 to 255 characters)"
    if event.get("event_action") != "trigger":
        return
    payload = event.get("payload")
    if not isinstance(payload, dict):
        yield "'payload' is missing or blank"
        return
    if not isinstance(payload.get("summary"), str) or not 0 < len(payload["summary"]) <= SUMMARY:
        yield "'payload.summary' is missing, blank or too long"
    if not isinstance(payload.get("source"), str) or not payload["source"]:
        yield "'payload.source' is missing or blank"
    if payload.get("severity") not in SEVERITIES:
        yield "'payload.severity' is invalid"
    yield from (f"'payload.{name}' is unknown" for name in payload.keys() - PAYLOAD)
