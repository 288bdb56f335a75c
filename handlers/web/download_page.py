"""``/c/<id>``: download page of a certificate's files.

The secret is in the fragment, which browsers do not send: it reaches no log, no link preview and no referrer.
Opening the page does not use the link up; only its button sends the secret, in the body of a POST.
"""

import re
from collections.abc import Mapping
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
from handlers.web.page_template import HEADERS, asset, page, paragraph, translator_for

FORM_BYTES: Final = 1024
"""Largest form body that is read; one with a secret has about 50 bytes."""

FORM_TYPE: Final = "application/x-www-form-urlencoded"

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 random bytes as base64url without padding; anything else is not counted as a wrong guess."""

FILE_NAME: Final = 60
"""Characters of the app's name in a file name; Heroku's have at most 30."""

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9.-]+")

_STATUS: Final[Mapping[DownloadAnswer, int]] = {
    DownloadAnswer.WRONG: 404,
    DownloadAnswer.BUSY: 409,
    DownloadAnswer.UNREACHABLE: 503,
}
"""HTTP status of each refusal; all others are 410, gone for good."""

log = structlog.get_logger(__name__)


class DownloadPage:
    """Serves the download page and, once per link, the files.

    Args:
        downloads: Checks secrets and fetches files.
        clock: Business time, for the dates inside the zip.
        language: Language of the page where the browser prefers none of the catalogue.
    """

    def __init__(self, *, downloads: DownloadService, clock: Clock, language: str) -> None:
        self._downloads = downloads
        self._clock = clock
        self._language = language

    def routes(self) -> list[Route]:
        """Return the page's routes; ``HEAD`` requests and prefetches are answered like ``GET``."""
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.download, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Return the page with the button; it is the same for every id, and does not tell which exist."""
        t = translator_for(request, default=self._language)
        body = asset("download_page.html").format(
            text=paragraph(t("page.download_link.text")),
            paste=paragraph(t("page.download_link.by_hand")),
            field=t("page.download_link.field"),
            button=t("page.download_link.button"),
            progress=paragraph(t("page.download_link.under_way")),
        )
        return page(t("page.download_link.title"), body, t=t, script=asset("download_page.js"))

    async def download(self, request: Request) -> Response:
        """Return the files, once per link; else a page that says why there are none."""
        t = translator_for(request, default=self._language)
        try:
            outcome = await self._take(request)
        except TryAgainError as error:
            log.warning("download_link.try_again", error=type(error).__name__)
            outcome = DownloadAnswer.UNREACHABLE
        if isinstance(outcome, DownloadAnswer):
            return _refusal_page(outcome, t)
        return self._zip_response(outcome, t)

    async def _take(self, request: Request) -> CertificateFiles | DownloadAnswer:
        secret = await posted_secret(request)
        try:
            id = UUID(request.path_params["id"])
        except ValueError:
            return DownloadAnswer.WRONG
        return DownloadAnswer.WRONG if secret is None else await self._downloads.redeem(id, secret)

    def _zip_response(self, files: CertificateFiles, t: Translator) -> Response:
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{file_name(files)}"'}
        content = zipped(files, at=self._clock.now(), t=t)
        return Response(content, media_type="application/zip", headers=headers)


def file_name(files: CertificateFiles) -> str:
    """Return the name of the zip, of letters, digits, hyphens and dots whatever the app is called.

    Anything else could end the header or its quotes; and by then the link is used up.
    """
    # Heroku's own names have no others.
    app = _NOT_IN_NAMES.sub("-", files.database.app)[:FILE_NAME].strip("-.") or "database"
    return f"pgaccess-{app}-{_NOT_IN_NAMES.sub('-', files.handle)}.zip"


async def posted_secret(request: Request) -> str | None:
    """Return the secret of a form's body; None where there is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            # Counted while it is read: a chunked body has no length in advance.
            if len(body) > FORM_BYTES:
                return None
    except ClientDisconnect:
        return None
    values = parse_qs(body.decode(errors="replace")).get("secret", [])
    return values[0] if len(values) == 1 and _SECRET.fullmatch(values[0]) else None


def _refusal_page(answer: DownloadAnswer, t: Translator) -> Response:
    """Return the page that says why there are no files, and how to get a new link."""
    shown = DownloadAnswer.EXPIRED if answer is DownloadAnswer.UNSENT else answer
    body = paragraph(t(f"page.download_link.{shown}.text"))
    if answer not in (DownloadAnswer.BUSY, DownloadAnswer.UNREACHABLE, DownloadAnswer.GONE):
        body += paragraph(t("page.download_link.new"), soft=True)
    status = _STATUS.get(answer, 410)
    retry = 30 if answer in (DownloadAnswer.BUSY, DownloadAnswer.UNREACHABLE) else None
    return page(t(f"page.download_link.{shown}"), body, t=t, status=status, retry_after_s=retry)
