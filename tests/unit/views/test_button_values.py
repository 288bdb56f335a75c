"""Values of buttons: which request they are about, whatever else they hold."""

from uuid import UUID

import pytest

from bot.domain.request import require_nonce
from bot.errors import Refusal, Refused
from bot.views import action_ids

CERTIFICATE, LINK = UUID("12345678-1234-4234-8234-123456789012"), UUID(int=2)
NONCE = "0a1b2c3d"


@pytest.mark.parametrize("nonce", ["", NONCE])
def test_every_value_about_a_request_names_it_with_its_nonce(nonce: str) -> None:
    button = action_ids.button_value(12, 3, nonce=nonce)
    pick = action_ids.pick_value(12, CERTIFICATE, nonce=nonce)
    download = action_ids.download_value(12, CERTIFICATE, LINK, nonce=nonce)
    assert [action_ids.read_about(value) for value in (button, pick, download)] == [(12, nonce)] * 3
    assert action_ids.read_button(button) == (12, 3)
    assert action_ids.read_pick(pick) == (12, CERTIFICATE)
    assert action_ids.read_download(download) == (12, CERTIFICATE, LINK)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0.0",
        "12",
        "12-0a1b2c3d",
        "12-0a1b2c3.1",
        "12-0A1B2C3D.1",
        "x12.1",
        action_ids.identity_value(CERTIFICATE, "billing"),
        action_ids.person_value("U0LEAD", "left"),
        "postgresql-curved-12345",
    ],
)
def test_a_value_about_no_request_names_none(value: str) -> None:
    assert action_ids.read_about(value) is None


@pytest.mark.parametrize(
    "value", ["12-.1", "12-0a1b2c3.1", "12-0a1b2c3dd.1", "12 -0a1b2c3d.1", "-0a1b2c3d.1"]
)
def test_a_nonce_of_another_form_is_none_of_ours(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        action_ids.read_button(value)


@pytest.mark.parametrize(
    ("stored", "shown", "same"),
    [
        (NONCE, NONCE, True),
        # From before nonces, on both sides.
        ("", "", True),
        # No such number: what to say of it is for the use case.
        (None, "", True),
        (NONCE, "ffffffff", False),
        (NONCE, "", False),
        ("", NONCE, False),
        (None, NONCE, False),
    ],
)
def test_a_button_is_of_this_store_if_its_nonce_is_that_of_the_request(
    stored: str | None, shown: str, same: bool
) -> None:
    if same:
        require_nonce(12, stored, shown=shown)
        return
    with pytest.raises(Refused) as refused:
        require_nonce(12, stored, shown=shown)
    assert refused.value.reason is Refusal.REQUEST_OF_ANOTHER_STORE
    assert refused.value.params == {"id": 12}
