"""Opens the request form with everything that was understood of a line that is no complete command."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.method import Method
from bot.domain.network import show
from bot.domain.networks.named import ranges_by_name
from bot.domain.networks.pasted import PastedNetworks
from bot.domain.target import Target, choose
from bot.errors import Refusal, Refused
from bot.i18n.translator import Mrkdwn, Translator
from bot.services import RequestInput, Services
from bot.views import drafts, overlaps
from handlers.add_form import AddForm
from handlers.modals import Forms
from handlers.parsing.drafts import OPENING, Draft, read_draft
from handlers.parsing.intents import CommandPath, Intent
from handlers.transport.payloads import SlashCommand

ADDING: Final[frozenset[CommandPath]] = frozenset({("mtls", "add"), ("trusted", "add")})
"""Commands whose line may name several addresses or several targets."""

_BETWEEN: Final = (",", "、", ";")


class DraftForms:
    """Opens forms from lines.

    Args:
        services: find targets, and know the policy's networks.
        forms: the forms of the access methods.
    """

    def __init__(self, *, services: Services, forms: Forms) -> None:
        self._services = services
        self._forms = forms

    def of_line(self, text: str, refused: Refused) -> Draft | None:
        """Returns what can be understood of a line that was refused as a command; None for nothing."""
        if refused.reason not in OPENING:
            return None
        return read_draft(text, named=ranges_by_name(self._services.policy.networks))

    def of_intent(self, text: str, intent: Intent, refused: Refused) -> Draft | None:
        """Returns what can be understood of a complete command that names several of something."""
        target = intent.input.target or ""
        several = refused.reason is Refusal.ADDRESS_SEVERAL or (
            refused.reason is Refusal.TARGET_UNKNOWN and any(mark in target for mark in _BETWEEN)
        )
        if intent.command not in ADDING or not several:
            return None
        return read_draft(text, named=ranges_by_name(self._services.policy.networks))

    async def open(self, command: SlashCommand, draft: Draft, t: Translator) -> None:
        """Opens the form of the access method that the line means.

        Raises:
            Refused: there is no target at all to choose from.
        """
        method = await self._method(draft)
        found, unknown, words = await self._targets(draft, method)
        request_input = RequestInput(
            address=" ".join(draft.accounts) if method is Method.PRIVATELINK else _typed(draft.networks),
            target=found[0].name if len(found) == 1 else None,
            duration=draft.duration,
            until=draft.until,
            reason=draft.reason,
            on_behalf=draft.on_behalf,
        )
        said = drafts.remarks(
            draft.networks,
            targets=[target.label for target in found],
            unknown=unknown,
            words=words,
            me=draft.me,
            t=t,
        )
        said += await self._overlaps(method, request_input, command.person, t)
        forms: Mapping[Method, AddForm] = {
            Method.MTLS: self._forms.mtls,
            Method.PRIVATELINK: self._forms.privatelink,
            Method.TRUSTED: self._forms.trusted_ips,
        }
        await forms[method].open_add(command.trigger, request_input, t, remarks=said)

    async def _overlaps(
        self, method: Method, request_input: RequestInput, person: str, t: Translator
    ) -> list[Mrkdwn]:
        """What is asked for or open already, where the line is clear enough to know."""
        if not request_input.address:
            return []
        outlook = await self._services.access_requests.overlaps(method, request_input, person=person)
        if outlook is None:
            return []
        return overlaps.remarks(
            outlook.subject, outlook.target.label, outlook.overlaps, outlook.rules_after, t
        )

    async def _method(self, draft: Draft) -> Method:
        """The access method; a line that names only a space means its trusted IP ranges."""
        if draft.method is not None:
            return draft.method
        names = draft.targets or draft.words
        if len(names) == 1 and await self._services.queries.names_space(names[0]):
            return Method.TRUSTED
        return Method.MTLS

    async def _targets(
        self, draft: Draft, method: Method
    ) -> tuple[list[Target], list[Refused], Sequence[str]]:
        """Finds the targets that a line names, why others were not found, and the words that name none."""
        found: list[Target] = []
        unknown, words = [], []
        for name in draft.targets:
            try:
                found.append(await self._target(name, method))
            except Refused as refused:
                unknown.append(refused)
        for word in draft.words:
            try:
                found.append(await self._target(word, method))
            except Refused as refused:
                if refused.reason is Refusal.TARGET_AMBIGUOUS:
                    unknown.append(refused)
                else:
                    words.append(word)
        return list({target.id: target for target in found}.values()), unknown, words

    async def _target(self, name: str, method: Method) -> Target:
        if method.on_space:
            return await self._services.queries.find_space(name)
        databases = await self._services.queries.databases()
        return choose(databases, name, self._services.policy.aliases(databases))


def _typed(networks: PastedNetworks) -> str | None:
    """What the form's field holds: the networks that can be allowed, else what was typed for one."""
    shown = [show(network).removesuffix("/32") for network in networks.networks]
    return ", ".join(shown or [each.piece for each in networks.refused]) or None
