"""What forms open with: nothing that somebody typed is lost on the way through a button."""

from dataclasses import fields, replace

from bot.domain.method import Method
from bot.services import RequestInput
from bot.views import action_ids
from handlers.form_values import input_values, read_input_values

TYPED = RequestInput(
    address="203.0.113.4",
    target="billing",
    duration="8h",
    reason="migration check",
    alternatives="neither works",
    ticket="OPS-17",
    on_behalf="U0COLLEAGUE",
)
OF_LINES = {"until", "start", "enables_mtls"}
"""An end travels in the field of a duration; the other two no form of this kind has."""


def test_request_anyway_opens_the_form_with_all_that_was_typed() -> None:
    value = action_ids.input_value(Method.MTLS, input_values(TYPED))
    assert read_input_values(action_ids.read_input(value)[1]) == TYPED
    assert all(getattr(TYPED, each.name) for each in fields(RequestInput) if each.name not in OF_LINES)


def test_an_end_travels_in_the_field_of_a_duration() -> None:
    ending = replace(TYPED, duration=None, until="18:00")
    assert read_input_values({k: v for k, v in input_values(ending).items() if v}).duration == "18:00"
