"""What the form says when it opens from a line: every remark, in both languages, however much was pasted."""

import pytest

from bot.domain.networks.pasted import read_networks
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from bot.views import drafts, form_fields
from bot.views.mtls import modals
from tests.unit import factories
from tests.unit.views import samples

EN = Translator("en")


def said(
    text: str, *, targets: tuple[str, ...] = (), words: tuple[str, ...] = (), me: bool = False
) -> list[str]:
    return list(drafts.remarks(read_networks(text), targets=targets, unknown=(), words=words, me=me, t=EN))


def test_one_address_needs_no_remark() -> None:
    assert said("203.0.113.4") == []


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (
            "203.0.113.4 203.0.113.9",
            "You named 2 addresses and ranges: this is one request for all of them, decided together.",
        ),
        ("203.0.113.4/24", "Use `203.0.113.0/24` for the whole network, or `203.0.113.4/32`"),
        ("203.0.113.0/255.255.255.0", "`203.0.113.0/255.255.255.0` was read as 203.0.113.0/24."),
        ("203.0.113.5-7", "`203.0.113.5-7` was read as 203.0.113.5/32, 203.0.113.6/31."),
        (
            "203.0.113.0/24 203.0.113.4",
            "`203.0.113.4/32` needs no rule of its own: `203.0.113.0/24` covers it.",
        ),
        ("vpn.example.com", "`vpn.example.com` is a host name"),
    ],
)
def test_a_remark_names_its_piece_of_text(text: str, remark: str) -> None:
    assert any(remark in sentence for sentence in said(text))


def test_words_and_targets_are_named_and_cannot_be_markup() -> None:
    assert said("", targets=("billing", "ledger")) == [
        "You named `billing`, `ledger`. One request is for one of them today: choose one."
    ]
    assert said("", words=("<!channel>",)) == ["Not understood: `&lt;!channel&gt;`"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_with_every_remark_about_a_long_list_is_one_that_slack_takes(language: str) -> None:
    t = Translator(language)
    good = " ".join(f"203.0.{number}.0/25:1" for number in range(60))
    bad = " ".join(f"10.0.0.{number} vpn{number}.example.com" for number in range(60))
    networks = read_networks(f"{good} {bad} 203.0.113.0/25 203.0.113.4 {good}")
    unknown = [Refused(Refusal.TARGET_UNKNOWN, word="x" * 60, known="billing", example="billing")] * 30
    remarks = drafts.remarks(
        networks, targets=["a" * 60] * 30, unknown=unknown, words=["<&>" * 20] * 30, me=True, t=t
    )
    view = modals.add_form(
        databases=[factories.database()], filled={}, t=t, needs_reason=True, remarks=remarks
    )
    samples.require_valid_view(view)
    assert len(form_fields.remarks(remarks)) <= 6
