"""What the requester of a range says of the other methods is neither missing nor cut."""

import pytest

from bot.domain.trusted_ips.alternatives import MOST, require_alternatives
from bot.errors import Refusal, Refused


@pytest.mark.parametrize("text", ["the tool sends no certificate", " padded ", "あ" * MOST])
def test_what_was_said_is_kept(text: str) -> None:
    assert require_alternatives(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, Refusal.ALTERNATIVES_MISSING),
        ("", Refusal.ALTERNATIVES_MISSING),
        (" \n ", Refusal.ALTERNATIVES_MISSING),
        ("x" * (MOST + 1), Refusal.ALTERNATIVES_LONG),
    ],
)
def test_nothing_and_too_much_are_refused(text: str | None, reason: Refusal) -> None:
    with pytest.raises(Refused) as refused:
        require_alternatives(text)
    assert refused.value.reason is reason
