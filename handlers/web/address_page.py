"""``/ip/<id>``: the page that shows the address a browser comes from, and requests access from it.

The secret is in the fragment, which browsers do not send; only the page's button sends it, in the body of a
POST. Opening the page records nothing.
"""

import html
import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Final
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.browser_address import browser_address
from bot.domain.mtls.address_check import CheckAnswer
from bot.errors import Refused, TryAgainError
from bot.i18n.translator import Translator
from bot.ports import RequestDetails
from bot.services.mtls.address_checks import AddressCheckService
from handlers.address_links import PATH
from handlers.web.download_page import posted_secret
from handlers.web.page_template import asset, page, paragraph, translator_for

_STATUS: Final[Mapping[CheckAnswer, int]] = {CheckAnswer.WRONG: 404}
"""HTTP status of each refused link; all others are 410, gone for good."""

_TOKEN: Final = re.compile(r"<[^<>|]*\|([^<>]*)>")
"""A date or link in Slack's markup; its fallback is what a browser can show."""

log = structlog.get_logger(__name__)


class AddressPage:
    """Shows a browser its address and, once per link, requests access from it.

    Args:
        checks: Checks secrets and records requests.
        hops: Proxies whose entries in ``X-Forwarded-For`` are believed.
        language: Language of the page where the browser prefers none of the catalogue.
    """

    def __init__(self, *, checks: AddressCheckService, hops: int, language: str) -> None:
        self._checks = checks
        self._hops = hops
        self._language = language

    def routes(self) -> list[Route]:
        """Return the page's routes."""
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.submit, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Return the page with the address; it is the same for every id, and does not tell which exist."""
        t = translator_for(request, default=self._language)
        try:
            address = self._address(request)
        except Refused as refused:
            return _refused_page(refused, t)
        body = asset("secret_form.html").format(
            text=paragraph(t("page.address.text", address=address.network_address))
            + paragraph(t("page.address.path"), soft=True),
            paste=paragraph(t("page.download_link.by_hand")),
            field=t("page.download_link.field"),
            button=t("page.address.button"),
            progress=paragraph(t("page.address.under_way")),
            more="",
        )
        return page(t("page.address.title"), body, t=t, script=asset("secret_form.js"))

    async def submit(self, request: Request) -> Response:
        """Request access from the browser's address, once per link; else say why it was not requested."""
        t = translator_for(request, default=self._language)
        try:
            address = self._address(request)
            outcome = await self._submitted(request, address)
        except Refused as refused:
            return _refused_page(refused, t)
        except TryAgainError as error:
            log.warning("address_check.try_again", error=type(error).__name__)
            body = paragraph(t("page.address.unavailable.text"))
            return page(t("page.address.unavailable"), body, t=t, status=503, retry_after_s=30)
        if isinstance(outcome, CheckAnswer):
            body = paragraph(t(f"page.address.{outcome}.text"))
            return page(t(f"page.address.{outcome}"), body, t=t, status=_STATUS.get(outcome, 410))
        done = t("page.address.done.text", id=outcome.request.id, subject=outcome.request.terms.subject)
        return page(t("page.address.done"), paragraph(done), t=t)

    async def _submitted(self, request: Request, address: IPv4Network) -> RequestDetails | CheckAnswer:
        secret = await posted_secret(request)
        try:
            id = UUID(request.path_params["id"])
        except ValueError:
            return CheckAnswer.WRONG
        return CheckAnswer.WRONG if secret is None else await self._checks.submit(id, secret, address)

    def _address(self, request: Request) -> IPv4Network:
        peer = None if request.client is None else request.client.host
        return browser_address(peer, request.headers.getlist("x-forwarded-for"), hops=self._hops)


def _refused_page(refused: Refused, t: Translator) -> Response:
    """Return the page that says in one sentence why nothing was requested."""
    sentence = html.unescape(_TOKEN.sub(r"\1", t(refused.key, **refused.params)))
    body = paragraph(sentence) + paragraph(t("page.address.nothing"), soft=True)
    return page(t("page.address.refused"), body, t=t, status=422)
