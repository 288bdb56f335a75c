"""Conditional GETs of the Platform API.

Fact: Heroku Platform API reference, 2026-11, "Caching": a GET brings an ``ETag``, and one that sends it as
``If-None-Match`` is answered 304 without a body while nothing changed. No official client does.
"""

from dataclasses import replace
from hashlib import sha256

from sandbox.heroku.http_types import Answer, Request


def tagged(request: Request, answer: Answer) -> Answer:
    """Return the answer to a GET with its ``ETag``, or 304 when the client has it already."""
    if request.method != "GET" or answer.status != 200:
        return answer
    tag = f'"{sha256(answer.body).hexdigest()[:32]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Answer(status=304, headers={"ETag": tag})
    return replace(answer, headers={**answer.headers, "ETag": tag})
