"""Trusted ranges: cards, the text of the support ticket, and the status of a space."""

from dataclasses import replace
from ipaddress import IPv4Network
from uuid import UUID

import pytest

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.request import Kind, RequestState
from bot.domain.target import Space
from bot.domain.trusted_ips.alternatives import MOST
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from bot.i18n.translator import Translator, escape
from bot.ports import MessageKind, OutboxMessage, RequestDetails, SpaceStatus
from bot.views.render import render
from bot.views.requests.request_card import approval_card, requester_card
from bot.views.trusted_ips import diagnosis, status
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, POLICY
from tests.unit.views import samples

EN = Translator("en")
SPACE = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)
POST = OutboxMessage(
    id=1, lease=UUID(int=1), kind=MessageKind.TICKET, recipient="C0APPROVALS", request=17,
    channel=None, place=None, posting_since=None, version=1, attempts=0, params={},
)  # fmt: skip
LANGUAGES = pytest.mark.parametrize("language", ["en", "ja"])


def observed(*sources: str, ours: tuple[str, ...] = (), applied: bool | None = True) -> RulesetObservation:
    rules = tuple(RulesetRule("allow", source) for source in sources)
    ruleset = Ruleset(id=UUID(int=1), rules=rules, applied=applied, by="network@example.com")
    return RulesetObservation(at=NOW, ruleset=ruleset, ours=frozenset(ours))


def details(
    kind: Kind = Kind.OPEN,
    *,
    seen: RulesetObservation | None = None,
    stands: GrantState | None = None,
    network: IPv4Network = NETWORK,
    reason: str = "the BI tool <knows> no certificates",
    said: str = "",
) -> RequestDetails:
    state = RequestState.PENDING if stands is None else RequestState.APPROVED
    asked = factories.request(kind=kind, state=state)
    terms = replace(
        asked.terms,
        method=Method.TRUSTED,
        target=SPACE.id,
        subject=network,
        reason=reason,
        alternatives=said,
    )
    grant = (
        None if stands is None else replace(factories.grant(stands), method=Method.TRUSTED, subject=network)
    )
    votes = () if stands is None else (factories.vote(),)
    made = factories.case(asked=replace(asked, terms=terms), votes=votes, granted=grant)
    return replace(made, target=SPACE, observation=seen)


@LANGUAGES
@pytest.mark.parametrize("kind", [Kind.OPEN, Kind.REMOVE, Kind.ADOPT, Kind.REMOVE_UNMANAGED])
@pytest.mark.parametrize(
    "seen", [None, observed("0.0.0.0/0"), observed("203.0.113.0/24"), observed(str(NETWORK))]
)
def test_cards_are_valid_whatever_the_space_has(
    kind: Kind, seen: RulesetObservation | None, language: str
) -> None:
    for card in (approval_card, requester_card):
        samples.require_valid(card(details(kind, seen=seen), t=Translator(language), policy=POLICY))


@LANGUAGES
@pytest.mark.parametrize("stands", GrantState)
def test_cards_of_what_was_approved_are_valid(stands: GrantState, language: str) -> None:
    samples.require_valid(requester_card(details(stands=stands), t=Translator(language), policy=POLICY))


def test_a_card_says_that_the_whole_space_is_concerned_and_what_is_better() -> None:
    content = samples.content(approval_card(details(seen=observed("198.51.100.0/24")), t=EN, policy=POLICY))
    assert "the web traffic of all its apps" in content
    assert "1 of 20 used" in content
    assert "mTLS from anywhere" in content


@pytest.mark.parametrize(
    ("seen", "part"),
    [
        (observed("0.0.0.0/0"), "already allows every address"),
        (
            observed(str(NETWORK)),
            "a range that is not managed by pgaccess already allows exactly this network",
        ),
        (observed(str(NETWORK), ours=(str(NETWORK),)), "pgaccess already allows"),
        (observed("203.0.113.0/24"), "Already covered by 203.0.113.0/24"),
    ],
)
def test_a_card_says_what_is_there_already(seen: RulesetObservation, part: str) -> None:
    assert part in samples.content(approval_card(details(seen=seen), t=EN, policy=POLICY))


def test_a_very_wide_range_is_marked_as_such() -> None:
    wide = approval_card(details(network=IPv4Network("11.0.0.0/8")), t=EN, policy=POLICY)
    assert "16,777,216 addresses" in samples.content(wide)


@LANGUAGES
@pytest.mark.parametrize("reason", ["", "short", "<&>" * 2000])
def test_the_ticket_is_valid_and_in_english(reason: str, language: str) -> None:
    waiting = details(stands=GrantState.WAITING, reason=reason)
    for params in ({}, {"state": "confirmed"}, {"state": "web_only"}):
        outbox_message = replace(POST, params=params)
        ticket = render(outbox_message, waiting, t=Translator(language), policy=POLICY)
        samples.require_valid(ticket)
        assert "Please enable trusted IP ranges for data services" in samples.content(ticket)
        assert ("space.support_done" in samples.content(ticket)) is (not params)


@pytest.mark.parametrize(
    ("ranges", "sentence"),
    [
        ("", "The range is 203.0.113.4/32."),
        ("198.51.100.0/24", "The range is 198.51.100.0/24."),
        ("198.51.100.0/24 203.0.113.4/32", "The ranges are 198.51.100.0/24, 203.0.113.4/32."),
    ],
)
@pytest.mark.parametrize("reason", ["", "the BI tool knows no certificates", "nightly export."])
def test_the_ticket_names_every_range_in_whole_sentences(ranges: str, sentence: str, reason: str) -> None:
    ticket = render(
        replace(POST, params={"ranges": ranges}), details(reason=reason), t=Translator("ja"), policy=POLICY
    )
    (text,) = [block["text"]["text"].strip("`") for block in ticket.blocks if "Please enable" in str(block)]
    assert sentence in text
    for line in filter(None, text.splitlines()):
        assert line.startswith(("Please", "The range", "The reason is: "))
        assert line.endswith(".")
        assert not line.endswith("..")


@pytest.mark.parametrize("said", ["", "no certificate store.", "`rm` <b> & more", "あ" * MOST, "<&>`" * 20])
def test_the_ticket_states_what_was_said_and_nothing_else(said: str) -> None:
    waiting = details(stands=GrantState.WAITING, reason="", said=said)
    for shown in (render(POST, waiting, t=EN, policy=POLICY), requester_card(waiting, t=EN, policy=POLICY)):
        samples.require_valid(shown)
        (text,) = [block["text"]["text"] for block in shown.blocks if "Please enable" in str(block)]
        assert text.count("`") == 6
        assert ("mTLS" in text) is ("PrivateLink" in text) is bool(said)
        assert "The reason is" not in text
        if said:
            assert escape(said.replace("`", "'").rstrip(".")) in text


def test_what_was_said_of_other_methods_is_on_the_card_that_is_decided() -> None:
    card = approval_card(details(said="it knows no certificates"), t=EN, policy=POLICY)
    assert "it knows no certificates" in samples.content(card)


def test_as_many_ranges_as_a_space_can_have_fit_the_ticket() -> None:
    ranges = [f"203.0.113.{n}/32" for n in range(100, 120)]
    message = replace(POST, params={"ranges": " ".join(ranges)})
    ticket = render(message, details(reason="<&>" * 2000, said="<&>" * 133), t=EN, policy=POLICY)
    samples.require_valid(ticket)
    assert all(each in samples.content(ticket) for each in ranges)


@LANGUAGES
@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        (
            replace(SPACE, shield=True),
            {"en": "A Shield Space has no trusted IP ranges", "ja": "Shield Space"},
        ),
        (replace(SPACE, generation="fir"), {"en": "does not support changing", "ja": "Fir"}),
        (
            replace(SPACE, shield=True, generation="fir"),
            {"en": "A Shield Space has no trusted IP ranges", "ja": "Shield Space"},
        ),
    ],
)
@pytest.mark.parametrize("seen", [None, observed("203.0.113.0/24")])
def test_a_space_that_takes_no_ranges_offers_none(
    seen: RulesetObservation | None, space: Space, sentence: dict[str, str], language: str
) -> None:
    t, unknown = Translator(language), DataServices.UNKNOWN
    state = SpaceStatus(space=space, observation=seen, open=(), services=unknown)
    for message in (status.status(state, t), diagnosis.why(state, (), t=t, policy=POLICY)):
        samples.require_valid(message, answers=True)
        content = samples.content(message)
        assert sentence[language] in content
        assert "trusted add" not in content
        assert "/24" not in content


@LANGUAGES
@pytest.mark.parametrize("services", DataServices)
def test_how_it_stands_with_a_space_is_valid(services: DataServices, language: str) -> None:
    full = observed(*(f"203.0.113.{n}/32" for n in range(20)), ours=("203.0.113.1/32",), applied=False)
    for seen in (None, observed("0.0.0.0/0"), full):
        status_of = SpaceStatus(space=SPACE, observation=seen, open=(details(),), services=services)
        samples.require_valid(status.status(status_of, Translator(language)), answers=True)
