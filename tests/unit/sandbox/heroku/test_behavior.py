"""What can be set says what it is."""

from dataclasses import fields

import pytest

from sandbox.heroku import Behavior, TransitionTimes


@pytest.mark.parametrize("name", [each.name for each in fields(Behavior)])
def test_every_switch_says_what_nobody_knows(name: str) -> None:
    assert f"        {name}: " in (Behavior.__doc__ or "").replace("\n    ", "\n        ")


def test_one_pace_for_all_is_that_of_every_transition() -> None:
    assert {getattr(TransitionTimes.of(7), each.name) for each in fields(TransitionTimes)} == {7}
