"""Names that people choose in Slack are one visible line, and an error repeats no secret."""

import pytest

from bot.slack_answers import Identity, person_of

US = Identity(team="T0ACME", bot_id="B0", bot_user="U0BOT", enterprise=None)


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ("Ada", "Ada"),
        ("Ada\n*approved*", "Ada *approved*"),
        ("\u202eadA\u202c", "adA"),
        ("Ada\u200b\u2066", "Ada"),
        ("\u200b\u202e", "U0ADA"),
        ("A" * 300, "A" * 99 + "…"),
        ("\x1b[31mAda", "Ada"),
    ],
)
def test_a_name_is_one_visible_line(chosen: str, name: str) -> None:
    assert person_of({"id": "U0ADA", "profile": {"display_name": chosen}}, US).name == name
