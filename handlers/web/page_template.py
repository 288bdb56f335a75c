"""HTML frame of the bot's own pages: one style, light and dark, nothing from other hosts, nothing cached."""

import re
import secrets
from functools import cache
from importlib.resources import files
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator

NONCE_BYTES: Final = 16
"""Random bytes of a nonce: 128 bits, as Content Security Policy Level 3 asks for."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Language",
}
"""Headers of every response to a browser, file downloads included."""

_CODE: Final = re.compile(r"`([^`]+)`")
_LANGUAGE_RANGE: Final = re.compile(
    r"\s*([a-z]{2,3})(?:-[a-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*", re.I
)
_LANGUAGE_RANGES: Final = 20
"""Entries of ``Accept-Language`` that are read; browsers send fewer than ten."""


@cache
def asset(name: str) -> Markup:
    """Return a file of ``handlers/web/assets`` as trusted markup; its ``format`` escapes every argument."""
    # Only these files are trusted as they are; everything else is an argument of `format`.
    return Markup((files("handlers.web") / "assets" / name).read_text(encoding="utf-8"))


def page(
    title: str,
    body: Markup,
    *,
    t: Translator,
    script: Markup | None = None,
    status: int = 200,
    retry_after_s: int | None = None,
) -> HTMLResponse:
    """Return an HTML page with the common frame and security headers.

    Args:
        title: Plain text, for the tab and the heading.
        body: HTML below the heading.
        t: Translator for the reader's language.
        script: The only script that the page's policy lets run, at the end of the page.
        status: HTTP status.
        retry_after_s: Value of ``Retry-After`` in seconds; None sends none.
    """
    # A new one for each response: markup that was slipped in could carry one that is known beforehand.
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    run = Markup('<script nonce="{nonce}">\n{script}</script>').format(nonce=nonce, script=script or "")
    content = asset("page.html").format(
        language=t.language,
        title=title,
        nonce=nonce,
        style=asset("page.css"),
        body=body,
        script=run if script else "",
    )
    headers = HEADERS | {"Content-Security-Policy": _policy(nonce), "Content-Language": t.language}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    return HTMLResponse(content, status_code=status, headers=headers)


def paragraph(text: str, *, soft: bool = False) -> Markup:
    """Return plain text as an HTML paragraph; what stands in backquotes becomes ``<code>``."""
    plain_and_code = _CODE.split(text)
    parts = [
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(plain_and_code)
    ]
    frame = Markup('<p class="soft">{}</p>') if soft else Markup("<p>{}</p>")
    return frame.format(Markup("").join(parts))


def translator_for(request: Request, *, default: str) -> Translator:
    """Return the translator that ``Accept-Language`` prefers (RFC 9110, 12.5.4).

    Args:
        request: A browser's.
        default: Language where the header names none of the catalogue.
    """
    best, weight = default, 0.0
    for part in request.headers.get("accept-language", "").split(",")[:_LANGUAGE_RANGES]:
        found = _LANGUAGE_RANGE.fullmatch(part)
        if found is None or found[1].lower() not in LANGUAGES:
            continue
        quality = float(found[2] or "1")
        # Among equals the first one stays, and ``q=0``, which means "not acceptable" (RFC 9110, 12.4.2),
        # never wins.
        if quality > weight:
            best, weight = found[1].lower(), quality
    return Translator(best)


def _policy(nonce: str) -> str:
    """Allow the page's own style and script, a form to the same origin, and no embedding."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
