"""The fields that every form reads alike."""

from bot.services import RequestInput
from bot.views import action_ids
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import ViewSubmission


def said(submission: ViewSubmission) -> RequestInput:
    """What the fields say, in the words that a line would have used; where, is each form's own to read.

    What is a clock time to a person is ``until`` to the line: a form has one field for both.
    """
    values = submission.values
    length = normalize_text(values.get(action_ids.FIELD_DURATION) or "") or None
    is_time = length is not None and (":" in length or "時" in length.replace("時間", ""))
    return RequestInput(
        address=normalize_text(values.get(action_ids.FIELD_ADDRESS) or "") or None,
        duration=None if is_time else length,
        until=length if is_time else None,
        reason=normalize_text(values.get(action_ids.FIELD_REASON) or "") or None,
    )
