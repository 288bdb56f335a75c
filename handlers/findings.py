"""Handlers of the buttons of findings, and of the forms that they open."""

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.reports.finding import FindingAction
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import Services
from bot.views import action_ids
from bot.views.findings import forms
from handlers.parsing.normalization import normalize_text
from handlers.transport.payload_model import read_value
from handlers.transport.payloads import BlockAction, ViewSubmission

Handler = Callable[[BlockAction, Translator], Awaitable[Message | None]]
"""Opens the form of a button; there is no answer besides."""


class FindingButtons:
    """Opens the forms about unmanaged entries, and acts on them once they are submitted.

    Attributes:
        handlers: by action id; each raises ``Refused``, ``StoreUnavailableError`` or ``MalformedError``.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive
        self.handlers: Mapping[str, Handler] = {
            action_ids.FINDING_ADOPT: self._open,
            action_ids.FINDING_REMOVE: self._open,
            action_ids.FINDING_IGNORE: self._open,
        }

    async def open_choice(self, click: BlockAction, t: Translator) -> None:
        """Opens the form about several entries; checked first, so that nobody fills in a form in vain."""
        target, method = read_value(action_ids.read_finding_list, click.value)
        finding = await self._services.findings.entries(target, method, person=click.person)
        await self._interactive.open_view(click.trigger, forms.choose_form(finding, t))

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on the form about one entry."""
        entry, fingerprint, action = read_value(action_ids.read_finding, submission.data)
        await self._decide(entry, fingerprint, action, submission)

    async def submit_choice(self, submission: ViewSubmission) -> None:
        """Acts on the form about several entries."""
        chosen = submission.values.get(action_ids.FIELD_ENTRY) or ""
        action = submission.values.get(action_ids.FIELD_ACTION) or ""
        entry, fingerprint = read_value(action_ids.read_entry, chosen)
        await self._decide(entry, fingerprint, read_value(FindingAction, action), submission)

    async def _open(self, click: BlockAction, t: Translator) -> None:
        entry, fingerprint, action = read_value(action_ids.read_finding, click.value)
        await self._services.findings.require_same(entry, fingerprint=fingerprint)
        found, finding = await self._services.findings.entry(entry, action, person=click.person)
        view = forms.decide_form(found, action, finding, t)
        await self._interactive.open_view(click.trigger, view)

    async def _decide(
        self, entry: int, fingerprint: str, action: FindingAction, submission: ViewSubmission
    ) -> None:
        await self._services.findings.require_same(entry, fingerprint=fingerprint)
        reason = normalize_text(submission.values.get(action_ids.FIELD_REASON) or "")
        if action is FindingAction.IGNORE:
            until = normalize_text(submission.values.get(action_ids.FIELD_DURATION) or "")
            await self._services.findings.ignore(entry, until, reason, person=submission.person)
            return
        await self._services.findings.request(
            entry, action, reason, person=submission.person, key=submission.key
        )
