"""What is told of a refused click or form: our own ids and numbers, whatever Slack sends."""

import pytest

from handlers.refused_actions import of_click, of_form
from handlers.transport.payloads import BlockAction, ViewSubmission


def click(action: str, value: str | None) -> BlockAction:
    return BlockAction.of(
        {
            "type": "block_actions",
            "user": {"id": "U0LEAD"},
            "trigger_id": "1.2",
            "actions": [{"action_id": action, "action_ts": "1.2", "value": value}],
        }
    )


def form(callback: str, data: str) -> ViewSubmission:
    view = {"type": "modal", "id": "V0", "callback_id": callback, "private_metadata": data}
    return ViewSubmission.of({"type": "view_submission", "user": {"id": "U0LEAD"}, "view": view})


@pytest.mark.parametrize(
    ("action", "value", "name", "request_id"),
    [
        ("request.approve", "17.2", "request.approve", 17),
        ("request.deny", "17", "request.deny", None),
        ("request.deny", None, "request.deny", None),
        ("request.deny", "password.hunter2", "request.deny", None),
        ("My password is hunter2", "1.1", "other", 1),
        ("a" * 200, "1.1", "other", 1),
    ],
)
def test_a_click_is_told_by_our_own_words(
    action: str, value: str | None, name: str, request_id: int | None
) -> None:
    told = of_click(click(action, value))
    assert (told.person, told.name(), told.request()) == ("U0LEAD", name, request_id)


@pytest.mark.parametrize(
    ("callback", "data", "name", "request_id"),
    [
        ("form.deny", "17.2", "form.deny", 17),
        ("form.mtls_add", "", "form.mtls_add", None),
        ("ÄÖ", "1.1", "other", 1),
    ],
)
def test_a_form_is_told_by_our_own_words(callback: str, data: str, name: str, request_id: int | None) -> None:
    told = of_form(form(callback, data))
    assert (told.person, told.name(), told.request()) == ("U0LEAD", name, request_id)
