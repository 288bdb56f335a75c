"""Presets of the policy: typed, or pressed in the App Home or in a form, they open the form filled in."""

from collections.abc import Awaitable, Callable, Mapping

from bot.domain.duration import show_duration
from bot.domain.method import Method
from bot.domain.policy.presets import Preset
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack
from bot.services import RequestInput, Services
from bot.views import action_ids
from handlers.modals import Forms
from handlers.parsing.normalization import normalize_command
from handlers.transport.payloads import BlockAction, SlashCommand


class PresetForms:
    """Opens the form of a preset; what it submits is judged like any other request."""

    def __init__(self, *, services: Services, forms: Forms, interactive: InteractiveSlack) -> None:
        self._services = services
        self._by_method: Mapping[Method, Callable[[RequestInput, Translator], Awaitable[Block]]] = {
            Method.MTLS: forms.mtls.add_view,
            Method.PRIVATELINK: forms.privatelink.add_view,
            Method.TRUSTED: forms.trusted_ips.add_view,
        }
        self._interactive = interactive
        self._known = {preset.name.casefold(): preset for preset in services.policy.presets}

    async def open_typed(self, command: SlashCommand, t: Translator) -> bool:
        """Opens the form if a line begins with a preset; what follows goes on with the reason.

        Returns:
            Whether the line names a preset.

        Raises:
            Refused: the line cannot be read, the person is no member, or the preset's target is not there.
        """
        if not self._known:
            return False
        name, _, rest = normalize_command(command.text).partition(" ")
        preset = self._known.get(name.casefold())
        if preset is None:
            return False
        await self._services.members.require(command.person)
        view = await self._view(preset, t, more_reason=rest.removeprefix("because "))
        await self._interactive.open_view(command.trigger, view)
        return True

    async def press(self, click: BlockAction, t: Translator) -> None:
        """Opens the form of a button's preset, on top of the form that the button is in.

        Raises:
            Refused: the person is no member, or the policy has no such preset, or its target is not there.
        """
        await self._services.members.require(click.person)
        preset = self._known.get(click.value.casefold())
        if preset is None:
            raise Refused(Refusal.PRESET_GONE)
        view = await self._view(preset, t)
        if click.action.startswith(action_ids.PRESET_PUSH):
            await self._interactive.push_view(click.trigger, view)
        else:
            await self._interactive.open_view(click.trigger, view)

    async def _view(self, preset: Preset, t: Translator, *, more_reason: str = "") -> Block:
        wanted = input_of(preset, more_reason)
        return await self._by_method[preset.method](wanted, t)


def input_of(preset: Preset, more_reason: str = "") -> RequestInput:
    """Returns what a preset fills a form in with.

    Args:
        preset: of the policy.
        more_reason: what a person adds to the beginning of its reason.
    """
    return RequestInput(
        address=preset.network or None,
        target=preset.target,
        duration=None if preset.duration is None else show_duration(preset.duration),
        reason=f"{preset.reason}{more_reason}" or None,
    )
