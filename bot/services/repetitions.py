"""What a request had, as the input of a form that asks for the same again."""

from dataclasses import dataclass

from bot.domain.command_text import spelt
from bot.domain.method import Method
from bot.domain.repetition import can_be_repeated, repeated_length
from bot.domain.request import Kind
from bot.domain.target import require_present
from bot.errors import Refusal, Refused
from bot.services.context import ServiceContext
from bot.services.lookups import request_details
from bot.services.reasons import readable_by
from bot.services.request_input import RequestInput, timezone_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Repetition:
    """What to fill a form in with.

    Attributes:
        method: whose form it is.
        request_input: all that the request had.
    """

    method: Method
    request_input: RequestInput


class RepetitionService:
    """Reads what is to be requested again; the form submits it under today's policy.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def of_request(self, request: int, *, person: str) -> Repetition:
        """Returns what a request had: address or accounts, target, length of time, reason and alternatives.

        Reasons are left out where the person may not read them.

        Args:
            request: its number.
            person: Slack id of who asks again.

        Raises:
            Refused: the person is no member, there is no such request, it is not over, or its target is gone.
        """
        async with self._context.transaction() as tx:
            member = await self._context.member(tx, person)
            details = await readable_by(self._context, tx, await request_details(tx, request), person=person)
        found, terms = details.request, details.request.terms
        require_present(details.target)
        if not can_be_repeated(found, details.grant):
            if found.kind is Kind.OPEN:
                raise Refused(Refusal.REPEAT_NOT_OVER, id=request)
            raise Refused(Refusal.REPEAT_NO_FORM, id=request)
        length = repeated_length(
            terms, asked=found.asked_at, now=self._context.now(), zone=timezone_of(member)
        )
        return Repetition(
            method=terms.method,
            request_input=RequestInput(
                address=spelt(terms.subject),
                # By its add-on's or space's name, which is unique; a label may be another's by now.
                target=details.target.name,
                duration=length,
                reason=terms.reason or None,
                alternatives=terms.alternatives or None,
                on_behalf=found.requester if found.asker == person else None,
                ticket=terms.ticket or None,
            ),
        )
