"""``/c/<id>``: the page that a link to a certificate's files leads to, and the files.

The secret stands behind the ``#``, which no browser sends: no log, no preview and no referrer can have it.
Looking at the page uses nothing up and tells nothing; only its button sends the secret, in a form's body.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.mtls.download_link import DownloadAnswer
from bot.errors import TryAgainError
from bot.i18n.translator import Translator
from bot.ports import Clock
from bot.services import CertificateFiles, DownloadService
from handlers.download_links import PATH
from handlers.web.certificate_zip import zipped
from handlers.web.page_template import HEADERS, page, paragraph, words_for

LARGEST: Final = 1024
"""Bytes of a form with nothing but a secret in it, and room to spare."""

FORM: Final = "application/x-www-form-urlencoded"

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 random bytes in base64 for addresses, without padding; what is no secret at all is no wrong guess."""

_STATUS: Final[Mapping[DownloadAnswer, int]] = {
    DownloadAnswer.WRONG: 404,
    DownloadAnswer.BUSY: 409,
    DownloadAnswer.UNREACHABLE: 503,
}
"""Statuses of pages that say no; all others are gone for good (410)."""

_SCRIPT: Final = """
"use strict";
const form = document.forms[0], field = form.elements.secret, button = form.querySelector("button");
const byHand = document.getElementById("by-hand"), underWay = document.getElementById("under-way");
const take = () => {
  const secret = location.hash.slice(1);
  if (!secret) return;
  field.value = secret;
  byHand.hidden = true;
  button.disabled = false;
  underWay.hidden = true;
  history.replaceState(null, "", location.pathname);
};
addEventListener("hashchange", take);
form.addEventListener("submit", () => setTimeout(() => {
  button.disabled = true;
  underWay.hidden = false;
}));
take();
"""
"""Takes the secret out of the address, so that it stays in no history. Without scripts one pastes it."""

log = structlog.get_logger(__name__)


class DownloadPage:
    """The page, and the files.

    Args:
        downloads: gives files out.
        clock: business time, for the files' own.
        language: of readers whose browser asks for none of ours.
    """

    def __init__(self, *, downloads: DownloadService, clock: Clock, language: str) -> None:
        self._downloads = downloads
        self._clock = clock
        self._language = language

    def routes(self) -> list[Route]:
        """Where it is served. A ``HEAD``, or whatever looks ahead, is answered as a ``GET`` is."""
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.give, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """The page with the button; it is the same for every link, also for one that never was."""
        t = words_for(request, default=self._language)
        body = (
            f"{paragraph(t('page.download_link.text'))}\n"
            f'<form method="post" autocomplete="off">\n<div id="by-hand">\n'
            f"{paragraph(t('page.download_link.by_hand'))}\n"
            f'<label for="secret">{escape(t("page.download_link.field"))}</label>\n'
            '<input id="secret" name="secret" type="password" required maxlength="43" spellcheck="false">\n'
            f"</div>\n<button>{escape(t('page.download_link.button'))}</button>\n</form>\n"
            f'<div id="under-way" role="status" hidden>{paragraph(t("page.download_link.under_way"))}</div>'
        )
        return page(t("page.download_link.title"), body, t=t, script=_SCRIPT)

    async def give(self, request: Request) -> Response:
        """The files, once; or a page that says why there are none."""
        t = words_for(request, default=self._language)
        try:
            outcome = await self._take(request)
        except TryAgainError as error:
            log.warning("download_link.try_again", error=type(error).__name__)
            outcome = DownloadAnswer.UNREACHABLE
        if isinstance(outcome, DownloadAnswer):
            return _no(outcome, t)
        return self._bundle(outcome, t)

    async def _take(self, request: Request) -> CertificateFiles | DownloadAnswer:
        secret = await _secret(request)
        try:
            id = UUID(request.path_params["id"])
        except ValueError:
            return DownloadAnswer.WRONG
        return DownloadAnswer.WRONG if secret is None else await self._downloads.redeem(id, secret)

    def _bundle(self, files: CertificateFiles, t: Translator) -> Response:
        name = f"pgaccess-{files.database.app}-{files.handle}.zip"
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
        content = zipped(files, at=self._clock.now(), t=t)
        return Response(content, media_type="application/zip", headers=headers)


async def _secret(request: Request) -> str | None:
    """The secret in a form's body; None where there is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return None
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST:
                return None
    except ClientDisconnect:
        return None
    given = parse_qs(body.decode(errors="replace")).get("secret", [])
    return given[0] if len(given) == 1 and _SECRET.fullmatch(given[0]) else None


def _no(answer: DownloadAnswer, t: Translator) -> Response:
    """Why there are no files, and how to come to a new link."""
    shown = DownloadAnswer.EXPIRED if answer is DownloadAnswer.UNSENT else answer
    body = paragraph(t(f"page.download_link.{shown}.text"))
    if answer not in (DownloadAnswer.BUSY, DownloadAnswer.UNREACHABLE, DownloadAnswer.GONE):
        body += paragraph(t("page.download_link.new"), soft=True)
    status = _STATUS.get(answer, 410)
    retry = 30 if answer in (DownloadAnswer.BUSY, DownloadAnswer.UNREACHABLE) else None
    return page(t(f"page.download_link.{shown}"), body, t=t, status=status, retry_after_s=retry)
