"""What all forms share: how their fields are read, and what they open with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.domain.policy.rules import Policy
from bot.domain.target import Database, Target, choose
from bot.services import RequestInput
from bot.views import action_ids
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import ViewSubmission


def form_input(submission: ViewSubmission) -> RequestInput:
    """Reads the fields that every form has, as a command line would have had them.

    The target is left out: each form has its own. A form has one field for duration and end; what looks like
    a clock time is an end.
    """
    values = submission.values
    length = normalize_text(values.get(action_ids.FIELD_DURATION) or "") or None
    # In Japanese ``18時`` is a clock time, and ``8時間`` is a duration.
    is_time = length is not None and (":" in length or "時" in length.replace("時間", ""))
    return RequestInput(
        address=normalize_text(values.get(action_ids.FIELD_ADDRESS) or "") or None,
        duration=None if is_time else length,
        until=length if is_time else None,
        reason=normalize_text(values.get(action_ids.FIELD_REASON) or "") or None,
        on_behalf=values.get(action_ids.FIELD_PERSON) or None,
        ticket=normalize_text(values.get(action_ids.FIELD_TICKET) or "") or None,
    )


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


def form_values(request_input: RequestInput, target: Target | None) -> Mapping[str, str | None]:
    """Returns the values that a form opens with, by field."""
    return {
        action_ids.FIELD_ADDRESS: request_input.address,
        action_ids.FIELD_TARGET: None if target is None else str(target.id),
        action_ids.FIELD_DURATION: request_input.duration or request_input.until,
        action_ids.FIELD_REASON: request_input.reason,
        action_ids.FIELD_ALTERNATIVES: request_input.alternatives,
        action_ids.FIELD_TICKET: request_input.ticket,
        action_ids.FIELD_PERSON: request_input.on_behalf,
    }


def chosen_database(databases: Sequence[Database], name: str | None, policy: Policy) -> Database | None:
    """Returns the database that a form opens with; None when the person has to choose.

    Raises:
        Refused: no database has that name, or there is none at all.
    """
    # With no database at all ``choose`` refuses: Slack takes no menu without options.
    if databases and not name:
        return None
    return choose(tuple(databases), name, policy.aliases(databases))
