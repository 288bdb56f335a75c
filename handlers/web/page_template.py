"""The frame of our own pages: one style, light and dark, nothing from elsewhere, and nothing kept."""

import re
import secrets
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator

NONCE_BYTES: Final = 16
"""Random bytes of a nonce: 128 bits, as Content Security Policy Level 3 asks for."""

_CODE: Final = re.compile(r"`([^`]+)`")
_RANGE: Final = re.compile(
    r"\s*([a-z]{2,3})(?:-[a-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*", re.I
)

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Language",
}
"""What every answer of ours to a browser says; what is handed out too."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d1c1d; --soft: #616061; --paper: #f6f6f7; --card: #fff;
  --line: #dfdfe2; --go: #007a5a; --go-over: #00664b; --on-go: #fff; --code: #f1f1f3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #a6a6aa; --paper: #1a1d21;
  --card: #222529; --line: #3a3d42; --go: #2eb67d; --go-over: #48c994; --on-go: #06251a; --code: #2c3036; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--paper); color: var(--ink); line-height: 1.6;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Hiragino Sans", "Noto Sans JP", sans-serif; }
main { width: 100%; max-width: 30rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.35; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
p.soft { color: var(--soft); font-size: .9rem; }
p.whose { color: var(--soft); font-size: .85rem; font-weight: 600; margin-bottom: .35rem; }
p:last-child { margin-bottom: 0; }
[role="status"] { margin-top: 1rem; }
code { padding: .1em .35em; border-radius: 4px; background: var(--code); font-size: .9em; }
label { display: block; margin-bottom: .35rem; font-weight: 600; font-size: .9rem; }
input { width: 100%; margin-bottom: 1rem; padding: .65rem .75rem; border: 1px solid var(--line);
  border-radius: 8px; background: var(--paper); color: inherit; font: inherit; }
button { width: 100%; padding: .75rem 1rem; border: 0; border-radius: 8px; background: var(--go);
  color: var(--on-go); font: inherit; font-weight: 600; cursor: pointer; }
button:hover { background: var(--go-over); }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 3px solid color-mix(in srgb, var(--go) 55%, transparent); outline-offset: 2px; }
[hidden] { display: none; }
@media (max-width: 30rem) { body { place-items: start center; } main { padding: 1.5rem; } }
"""


def page(
    title: str,
    body: str,
    *,
    t: Translator,
    script: str = "",
    status: int = 200,
    retry_after_s: int | None = None,
) -> HTMLResponse:
    """One page.

    Args:
        title: plain text, for the tab and the heading.
        body: HTML below the heading.
        words: the reader's language.
        script: runs once the page is there; whatever else claims to be a script does not run.
        status: of the answer.
        retry_after_s: seconds after which it is worth to come again.
    """
    nonce = secrets.token_urlsafe(NONCE_BYTES)
    run = f'<script nonce="{nonce}">{script}</script>' if script else ""
    content = (
        f'<!doctype html>\n<html lang="{t.language}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)} - pgaccess</title>\n'
        f'<style nonce="{nonce}">{_STYLE}</style>\n'
        f"<main>\n<p class='whose'>pgaccess</p>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n{run}\n</html>\n"
    )
    headers = HEADERS | {"Content-Security-Policy": _policy(nonce), "Content-Language": t.language}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    return HTMLResponse(content, status_code=status, headers=headers)


def paragraph(text: str, *, soft: bool = False) -> str:
    """A sentence as HTML; what is typed stands in backquotes."""
    said = _CODE.sub(r"<code>\1</code>", escape(text))
    return f'<p class="soft">{said}</p>' if soft else f"<p>{said}</p>"


def words_for(request: Request, *, default: str) -> Translator:
    """The reader's language by ``Accept-Language`` (RFC 9110, 12.5.4).

    Args:
        request: of a browser.
        default: where it names no language of ours.
    """
    best, weight = default, 0.0
    for part in request.headers.get("accept-language", "").split(",")[:20]:
        found = _RANGE.fullmatch(part)
        if found is None or found[1].lower() not in LANGUAGES:
            continue
        wanted = float(found[2] or "1")
        if wanted > weight:
            best, weight = found[1].lower(), wanted
    return Translator(best)


def _policy(nonce: str) -> str:
    """Only our own style and script, a form that goes nowhere else, and no other page around this one."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
