"""``/c/<id>``: download page of a certificate's files.

The secret is in the fragment, which browsers do not send: it reaches no log, no link preview and no referrer.
Opening the page does not use the link up; only its button sends the secret, in the body of a POST.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
from handlers.web.key_formats import is_password, new_password
from handlers.web.page_template import HEADERS, asset, page, paragraph, translator_for

FORM_BYTES: Final = 1024
"""Largest form body that is read; one with a secret and a password has about 100 bytes."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """What the page's form sends.

    Attributes:
        secret: The link's.
        password: That of the ``.p12``, as the page shows it; None where the form had none.
    """

    secret: str = field(repr=False)
    password: str | None = field(repr=False)


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
        """Return the page with the button; it does not tell which ids exist.

        Its password for the ``.p12`` is a new one each time. It comes back with the form, so that nothing is
        kept here in between, and the page goes on showing it while the zip is saved.
        """
        t = translator_for(request, default=self._language)
        key_store = asset("key_store.html").format(
            label=t("page.download_link.store_password"),
            about=paragraph(t("page.download_link.store_password.about"), soft=True),
            password=new_password(),
            copy=t("page.download_link.copy"),
            copied=t("page.download_link.copied"),
        )
        body = asset("secret_form.html").format(
            text=paragraph(t("page.download_link.text")),
            paste=paragraph(t("page.download_link.by_hand")),
            field=t("page.download_link.field"),
            button=t("page.download_link.button"),
            progress=paragraph(t("page.download_link.under_way")),
            more=key_store,
        )
        script = asset("secret_form.js") + asset("key_store.js")
        return page(t("page.download_link.title"), body, t=t, script=script)

    async def download(self, request: Request) -> Response:
        """Return the files, once per link; else a page that says why there are none."""
        t = translator_for(request, default=self._language)
        form = await _form(request)
        try:
            outcome = await self._take(request, form)
        except TryAgainError as error:
            log.warning("download_link.try_again", error=type(error).__name__)
            outcome = DownloadAnswer.UNREACHABLE
        if isinstance(outcome, DownloadAnswer):
            return _refusal_page(outcome, t)
        return await self._zip_response(outcome, t, password=form.password if form else None)

    async def _take(self, request: Request, form: _Form | None) -> CertificateFiles | DownloadAnswer:
        try:
            id = UUID(request.path_params["id"])
        except ValueError:
            return DownloadAnswer.WRONG
        return DownloadAnswer.WRONG if form is None else await self._downloads.redeem(id, form.secret)

    async def _zip_response(
        self, files: CertificateFiles, t: Translator, *, password: str | None
    ) -> Response:
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{file_name(files)}"'}
        # In a thread: a long key takes a while to be read, and Slack's commands are answered meanwhile.
        content = await asyncio.to_thread(zipped, files, password=password, at=self._clock.now(), t=t)
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
    form = await _form(request)
    return None if form is None else form.secret


async def _form(request: Request) -> _Form | None:
    """Return what a form's body holds; None where there is no secret in it."""
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
    values = parse_qs(body.decode(errors="replace"))
    secrets, passwords = values.get("secret", []), values.get("p12_password", [])
    if len(secrets) != 1 or not _SECRET.fullmatch(secrets[0]):
        return None
    # A page from before a deploy has no password; whatever else comes was not shown to anybody.
    password = passwords[0] if len(passwords) == 1 and is_password(passwords[0]) else None
    return _Form(secret=secrets[0], password=password)


def _refusal_page(answer: DownloadAnswer, t: Translator) -> Response:
    """Return the page that says why there are no files, and how to get a new link."""
    shown = DownloadAnswer.EXPIRED if answer is DownloadAnswer.UNSENT else answer
    body = paragraph(t(f"page.download_link.{shown}.text"))
    if answer not in (DownloadAnswer.BUSY, DownloadAnswer.UNREACHABLE, DownloadAnswer.GONE):
        body += paragraph(t("page.download_link.new"), soft=True)
    status = _STATUS.get(answer, 410)
    retry = 30 if answer in (DownloadAnswer.BUSY, DownloadAnswer.UNREACHABLE) else None
    return page(t(f"page.download_link.{shown}"), body, t=t, status=status, retry_after_s=retry)
