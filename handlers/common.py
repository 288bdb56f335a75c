"""What every way in does alike with a typed line: asks or opens the form, removes at once or asks for it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol

from bot.domain.policy import Policy
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Message, RequestDetails
from bot.services import RemovalResult, RequestInput
from bot.views import responses
from handlers.transport.payloads import Command

MISSING: Final = frozenset(
    {
        Refusal.ADDRESS_EMPTY,
        Refusal.ACCOUNT_EMPTY,
        Refusal.TARGET_MISSING,
        Refusal.SPACE_MISSING,
        Refusal.REASON_SHORT,
    }
)
"""Refusals of a typed line that only want something more: the form asks for it."""

OpenForm = Callable[[str, RequestInput, Translator], Awaitable[None]]


class Ask(Protocol):
    """A use case that records a wish."""

    async def __call__(self, request_input: RequestInput, *, person: str, key: str) -> RequestDetails:
        """Raises ``Refused``, or ``StoreUnavailableError`` when nothing was recorded."""
        ...


class Remove(Protocol):
    """A use case that closes something of one's own, or records the wish to."""

    async def __call__(self, request_input: RequestInput, *, person: str, key: str) -> RemovalResult:
        """Raises ``Refused``, or ``StoreUnavailableError`` when nothing was recorded."""
        ...


async def asked(
    ask: Ask,
    open_form: OpenForm,
    command: Command,
    request_input: RequestInput,
    *,
    t: Translator,
    policy: Policy,
) -> Message | None:
    """Records a wish; where only something is missing, or mTLS is off, the form asks: None.

    Raises:
        Refused: it cannot be asked for.
        StoreUnavailableError: nothing was recorded.
    """
    try:
        case = await ask(request_input, person=command.person, key=command.key)
    except Refused as refused:
        enables_mtls = refused.reason is Refusal.MTLS_NOT_ENABLED
        if refused.reason not in MISSING and not enables_mtls:
            raise
        await open_form(command.trigger, replace(request_input, enables_mtls=enables_mtls), t)
        return None
    return responses.asked(case, t=t, policy=policy)


async def removed(
    remove: Remove, command: Command, request_input: RequestInput, *, t: Translator, policy: Policy
) -> Message:
    """Closes at once, or records the wish to; raises as ``asked`` does."""
    removal = await remove(request_input, person=command.person, key=command.key)
    if removal.requested is not None:
        return responses.asked(removal.requested, t=t, policy=policy)
    return responses.removing(removal.case, removal.closing, t)
