"""What all forms share: how their fields are read, and what they open with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.domain.policy.rules import Policy
from bot.domain.target import Database, Target, choose
from bot.domain.times.ends import looks_like_end
from bot.errors import Refusal, Refused
from bot.services import RequestInput
from bot.views import action_ids
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import ViewSubmission


def form_input(submission: ViewSubmission) -> RequestInput:
    """Reads the fields that every form has, as a command line would have had them.

    The target is left out: each form has its own. A form has one field for duration and end; what looks like
    a time is an end.

    Raises:
        Refused: several times were offered, and none was chosen or typed.
    """
    values = submission.values
    length = _length(values)
    is_time = length is not None and looks_like_end(length)
    return RequestInput(
        address=normalize_text(values.get(action_ids.FIELD_ADDRESS) or "") or None,
        duration=None if is_time else length,
        until=length if is_time else None,
        reason=normalize_text(values.get(action_ids.FIELD_REASON) or "") or None,
        on_behalf=values.get(action_ids.FIELD_PERSON) or None,
        ticket=normalize_text(values.get(action_ids.FIELD_TICKET) or "") or None,
    )


def _length(values: Mapping[str, str | None]) -> str | None:
    """The duration or end: as typed, or chosen where the form offers the readings of an unclear time."""
    chosen = normalize_text(values.get(action_ids.FIELD_DURATION) or "")
    if action_ids.FIELD_OTHER_TIME not in values:
        return chosen or None
    length = normalize_text(values[action_ids.FIELD_OTHER_TIME] or "") or chosen
    # An empty field means the default elsewhere; who was asked what they mean gets no default.
    if not length:
        raise Refused(Refusal.TIME_MISSING)
    return length


def with_target(
    request_input: RequestInput, submission: ViewSubmission, targets: Iterable[Target]
) -> RequestInput:
    """Returns the input with the target that a form's menu names."""
    # Menus hold ids: while a form is open a name may change, or pass to another database.
    chosen = submission.values.get(action_ids.FIELD_TARGET) or ""
    return replace(request_input, target=target_name(chosen, targets) or None)


def target_name(chosen: str, targets: Iterable[Target]) -> str:
    """Returns the name of the target whose id a menu holds; a value that is no id is returned normalised."""
    # Where there are more spaces than a menu takes, the form asks for a typed name instead.
    names = {str(target.id): target.name for target in targets}
    return names[chosen] if chosen in names else normalize_text(chosen)


def input_values(request_input: RequestInput) -> Mapping[str, str | None]:
    """Returns the values of an input by field, the target by the name that was typed."""
    return {
        action_ids.FIELD_ADDRESS: request_input.address,
        action_ids.FIELD_TARGET: request_input.target,
        action_ids.FIELD_DURATION: request_input.duration or request_input.until,
        action_ids.FIELD_REASON: request_input.reason,
        action_ids.FIELD_ALTERNATIVES: request_input.alternatives,
        action_ids.FIELD_TICKET: request_input.ticket,
        action_ids.FIELD_PERSON: request_input.on_behalf,
    }


def read_input_values(values: Mapping[str, str]) -> RequestInput:
    """Returns the input of values by field, as a form opens with them."""
    return RequestInput(
        address=values.get(action_ids.FIELD_ADDRESS),
        target=values.get(action_ids.FIELD_TARGET),
        duration=values.get(action_ids.FIELD_DURATION),
        reason=values.get(action_ids.FIELD_REASON),
        alternatives=values.get(action_ids.FIELD_ALTERNATIVES),
        ticket=values.get(action_ids.FIELD_TICKET),
        on_behalf=values.get(action_ids.FIELD_PERSON),
    )


def form_values(request_input: RequestInput, target: Target | None) -> Mapping[str, str | None]:
    """Returns the values that a form opens with, by field."""
    return {
        action_ids.FIELD_ADDRESS: request_input.address,
        action_ids.FIELD_TARGET: None if target is None else str(target.id),
        action_ids.FIELD_DURATION: request_input.duration or _end(request_input.until),
        action_ids.FIELD_REASON: request_input.reason,
        action_ids.FIELD_ALTERNATIVES: request_input.alternatives,
        action_ids.FIELD_TICKET: request_input.ticket,
        action_ids.FIELD_PERSON: request_input.on_behalf,
    }


def _end(until: str | None) -> str | None:
    """An end for the field that takes durations too: ``until 6`` would be a number without its unit."""
    return until if until is None or looks_like_end(until) else f"until {until}"


def chosen_database(databases: Sequence[Database], name: str | None, policy: Policy) -> Database | None:
    """Returns the database that a form opens with; None when the person has to choose.

    Raises:
        Refused: no database has that name, or there is none at all.
    """
    # With no database at all ``choose`` refuses: Slack takes no menu without options.
    if databases and not name:
        return None
    return choose(tuple(databases), name, policy.aliases(databases))
