"""What can be set says what it is."""

from dataclasses import fields

import pytest

from sandbox.heroku import Pace, Switches


@pytest.mark.parametrize("name", [each.name for each in fields(Switches)])
def test_every_switch_says_what_nobody_knows(name: str) -> None:
    assert f"        {name}: " in (Switches.__doc__ or "").replace("\n    ", "\n        ")


def test_one_pace_for_all_is_that_of_every_transition() -> None:
    assert {getattr(Pace.of(7), each.name) for each in fields(Pace)} == {7}
