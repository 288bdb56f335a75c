"""Cards of findings: what each kind says and offers, by access method, state and language."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from bot.domain import operation
from bot.domain.method import Method
from bot.domain.policy.rules import Reasons
from bot.domain.privatelink.aws_account import short
from bot.domain.reports import findings
from bot.domain.reports.finding import FindingAction, FindingKind, actions
from bot.domain.request import Kind, RequestState, Verdict
from bot.domain.subject import Subject
from bot.domain.target import Space, Target
from bot.domain.trusted_ips.ruleset import DataServices
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.ports.assertions import SUPERSEDED
from bot.ports.findings import AGAIN, ASKS, CARDS, FIRST, LISTS, TARGET, FindingDetails
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.services.reasons import entries_readable
from bot.views import action_ids
from bot.views.findings import card as finding_card
from bot.views.findings import forms, rows
from bot.views.render import render
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG

EN: Final = Translator("en")
NOTHING_MORE: Final[Mapping[str, str]] = {}
SPACE: Final = Space(id=UUID(int=90), name="acme-private", region="virginia", shield=False)
ARN: Final = "arn:aws:iam::123456789012:root"
LISTED: Final = {Method.MTLS: "192.0.2.7/32", Method.PRIVATELINK: ARN, Method.TRUSTED: "192.0.2.0/24"}
METHOD_OF: Final = {"rule": Method.MTLS, "link": Method.PRIVATELINK, "range": Method.TRUSTED}
SINGLE: Final[Mapping[MessageKind, Method]] = {
    kind: METHOD_OF[kind.removeprefix("notification.").partition("_")[0].removesuffix("s")]
    for kind in CARDS
    if kind is not LISTS
}
"""Kinds of cards about one finding, with their access method."""

BUTTONS: Final = {
    FindingAction.ADOPT: action_ids.FINDING_ADOPT,
    FindingAction.REMOVE: action_ids.FINDING_REMOVE,
    FindingAction.IGNORE: action_ids.FINDING_IGNORE,
}


def entry(method: Method = Method.MTLS, number: int = 1, **changed: Any) -> UnmanagedEntry:
    listed = LISTED[method]
    made = UnmanagedEntry(
        id=number,
        target=target_of(method).id,
        method=method,
        entry=str(UUID(int=number)) if method is Method.MTLS else listed,
        subject=listed,
        description="the ETL vendor" if method is Method.MTLS else "",
        created_by="ops@example.com" if method is Method.TRUSTED else "",
        first_seen_at=NOW - timedelta(days=3),
    )
    return replace(made, **changed)


def ignored(method: Method = Method.MTLS, **changed: Any) -> UnmanagedEntry:
    until = NOW + timedelta(days=30)
    said = {"ignored_until": until, "ignored_by": "U0LEAD", "ignored_because": "the vendor leaves <soon>"}
    return entry(method, **{**said, **changed})


def target_of(method: Method) -> Target:
    return SPACE if method is Method.TRUSTED else factories.database()


def about(
    *entries: UnmanagedEntry,
    method: Method = Method.MTLS,
    requests: tuple[RequestDetails, ...] = (),
    services: DataServices = DataServices.CONFIRMED,
    **changed: Any,
) -> FindingDetails:
    details = FindingDetails(
        target=target_of(method),
        method=method,
        entries=entries,
        databases=("billing", "reports") if method is Method.TRUSTED else ("billing",),
        services=services if method is Method.TRUSTED else None,
        requests=requests,
        approvers=frozenset({"S0LEADS", "U0LEAD"}),
        now=NOW,
    )
    return replace(details, **changed)


def message_of(
    kind: MessageKind,
    finding: FindingDetails,
    more: Mapping[str, str] = NOTHING_MORE,
    *,
    settled: bool = False,
) -> OutboxMessage:
    method, target = finding.method, finding.target
    listed = LISTED[method]
    said = {
        **{"app": "billing", "network": listed, "account": short(listed), "space": "acme-private"},
        **{"range": listed, "by": "ops@example.com", "status": "Provisioning", "count": "2"},
        **{"networks": "`192.0.2.7/32`, `192.0.2.8/32`", "listed": listed, "seen": NOW.isoformat()},
        **{TARGET: str(target.id), "method": str(method)},
    }
    names = tuple(findings.unmanaged(target.id, each.entry) for each in finding.entries)
    # What is missing or not in force is recorded as no unmanaged entry.
    names = names or (findings.absent(target.id, listed),)
    return OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="C0OPERATIONS", request=None, channel=None, place=None,
        posting_since=None, version=1, attempts=0, params={**said, **more},
        settled_at=NOW if settled else None, about=() if settled else names,
    )  # fmt: skip


def shown(
    kind: MessageKind,
    finding: FindingDetails,
    t: Translator = EN,
    more: Mapping[str, str] = NOTHING_MORE,
    *,
    settled: bool = False,
) -> Message:
    message = message_of(kind, finding, more, settled=settled)
    found = render(message, None, t=t, policy=POLICY, finding=finding)
    samples.require_valid(found)
    return found


def buttons(message: Message) -> list[str]:
    return samples.actions(list(message.blocks))


def request(
    kind: Kind,
    state: RequestState = RequestState.PENDING,
    *,
    method: Method = Method.MTLS,
    done: bool | None = None,
) -> RequestDetails:
    """A request about the entry; ``done`` tells whether what was approved is done, under way (None)."""
    asked = factories.request(state=state)
    subject: Subject = factories.NETWORK
    asked = replace(
        asked, kind=kind, terms=replace(asked.terms, method=method, subject=subject, duration=None)
    )
    verdict = Verdict.DENY if state is RequestState.DENIED else Verdict.APPROVE
    votes = () if state is RequestState.PENDING else (factories.vote(verdict),)
    details = factories.case(asked=asked, votes=votes)
    if state is not RequestState.APPROVED:
        return details
    begun = operation.begin(asked, id=UUID(int=3), now=NOW)
    return replace(details, operation=operation.done(begun, now=NOW) if done else begun)


# --- what is said, and offered -------------------------------------------------------------------------


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.parametrize("listed", ["", "0.0.0.0/0", "10.0.0.0/8", "2001:db8::/32", "odd <&> `text`"])
@pytest.mark.parametrize("state", ["open", "ignored", "gone", "asked"])
def test_a_card_offers_what_can_be_done_and_is_valid_in_every_state(
    kind: MessageKind, listed: str, state: str, language: str
) -> None:
    method, of = SINGLE[kind], CARDS[kind]
    subject = listed or LISTED[method]
    made = entry(method, subject=subject)
    if state == "ignored":
        made = ignored(method, subject=subject)
    there = of in (FindingKind.UNMANAGED, FindingKind.BACK) and state != "gone"
    finding = about(*([made] if there else []), method=method)
    asks = {ASKS: "yes"} if state == "asked" else {}
    message = shown(kind, finding, Translator(language), {"listed": subject, **asks})
    offered = [BUTTONS[action] for action in actions(of, method, subject)] if there else []
    assert buttons(message) == offered
    assert ("<!subteam^S0LEADS>" in samples.content(message)) is (state == "asked")
    assert ("<@U0LEAD>" in samples.content(message)) is (state == "asked" or (there and state == "ignored"))


@pytest.mark.parametrize("method", Method)
def test_a_card_says_what_heroku_tells_since_when_and_what_it_reaches(method: Method) -> None:
    kind = next(each for each, of in SINGLE.items() if of is method and CARDS[each] is FindingKind.UNMANAGED)
    content = samples.content(shown(kind, about(entry(method), method=method)))
    assert ("the ETL vendor" in content) is (method is Method.MTLS)
    assert ("Written by*\\nops@example.com" in content) is (method is Method.TRUSTED)
    assert EN.date(NOW - timedelta(days=3)) in content
    assert "billing" in content
    assert ("256 addresses" in content) is (method is Method.TRUSTED)
    assert ("1 address" in content) is (method is Method.MTLS)


@pytest.mark.parametrize("kind", SINGLE)
def test_approvers_are_asked_for_what_they_can_do(kind: MessageKind) -> None:
    there = CARDS[kind] in (FindingKind.UNMANAGED, FindingKind.BACK)
    made = [entry(SINGLE[kind])] if there else []
    content = samples.content(shown(kind, about(*made, method=SINGLE[kind]), EN, {ASKS: "yes"}))
    assert ("Adopt it, remove it, or ignore it" in content) is there
    assert ("find out who changed it" in content) is not there


def test_nobody_is_asked_again_what_was_answered() -> None:
    asked = {ASKS: "yes"}
    answered = [
        shown(MessageKind.RULE_UNMANAGED, about(ignored()), EN, asked),
        shown(MessageKind.RULE_UNMANAGED, about(entry(), requests=(request(Kind.ADOPT),)), EN, asked),
        shown(LISTS, about(ignored(), ignored(number=2)), EN, asked),
    ]
    assert not [each for each in answered if "Is this wanted?" in samples.content(each)]
    some = shown(LISTS, about(ignored(), entry(number=2)), EN, asked)
    assert "Is this wanted?" in samples.content(some)
    denied = about(entry(), requests=(request(Kind.ADOPT, RequestState.DENIED),))
    assert "Is this wanted?" in samples.content(shown(MessageKind.RULE_UNMANAGED, denied, EN, asked))


@pytest.mark.parametrize("kind", SINGLE)
def test_what_is_gone_or_not_in_force_is_not_said_to_reach_anything(kind: MessageKind) -> None:
    of = CARDS[kind]
    there = of in (FindingKind.UNMANAGED, FindingKind.BACK)
    made = [entry(SINGLE[kind])] if there else []
    content = samples.content(shown(kind, about(*made, method=SINGLE[kind])))
    assert ("*Reaches*" in content) is there
    assert ("*Concerns*" in content) is not there
    assert ("*Missing since*" in content) is (of is FindingKind.MISSING)
    assert ("*Not in force since*" in content) is (of is FindingKind.UNAPPLIED)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("services", DataServices)
@pytest.mark.parametrize("databases", [(), ("billing", "reports")])
def test_what_a_range_reaches_is_claimed_only_where_it_is_known(
    services: DataServices, databases: tuple[str, ...], language: str
) -> None:
    finding = about(entry(Method.TRUSTED), method=Method.TRUSTED, services=services, databases=databases)
    content = samples.content(shown(MessageKind.RANGE_UNMANAGED, finding, Translator(language)))
    named = bool(databases) and services is not DataServices.WEB_ONLY
    assert ("reports" in content) is named
    unsure = services in (DataServices.UNKNOWN, DataServices.WAITING)
    word = {"en": "not known", "ja": "不明"}[language]
    assert (word in content) is (named and unsure)


@pytest.mark.parametrize("kind", [Kind.ADOPT, Kind.REMOVE_UNMANAGED])
@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.APPROVED])
@IN_BOTH_LANGUAGES
def test_while_a_request_about_it_is_under_way_there_is_nothing_to_press(
    kind: Kind, state: RequestState, language: str
) -> None:
    finding = about(entry(), requests=(request(kind, state),))
    message = shown(MessageKind.RULE_UNMANAGED, finding, Translator(language))
    assert buttons(message) == []
    assert "#17" in samples.content(message)


@pytest.mark.parametrize("state", [RequestState.DENIED, RequestState.CANCELLED, RequestState.LAPSED])
def test_what_was_not_granted_can_be_decided_anew(state: RequestState) -> None:
    message = shown(MessageKind.RULE_UNMANAGED, about(entry(), requests=(request(Kind.ADOPT, state),)))
    assert buttons(message) == list(BUTTONS.values())


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", SINGLE)
@pytest.mark.parametrize("how", ["gone", "adopted", "removed", "denied", "superseded"])
def test_a_card_that_is_over_says_what_became_of_the_entry_and_has_no_buttons(
    kind: MessageKind, how: str, language: str
) -> None:
    t, method = Translator(language), SINGLE[kind]
    done = {
        "adopted": (request(Kind.ADOPT, RequestState.APPROVED, done=True),),
        "removed": (request(Kind.REMOVE_UNMANAGED, RequestState.APPROVED, done=True),),
        "denied": (request(Kind.ADOPT, RequestState.DENIED),),
    }
    params = {SUPERSEDED: "yes"} if how == "superseded" else {}
    finding = about(method=method, requests=done.get(how, ()))
    message = shown(kind, finding, t, params, settled=True)
    assert buttons(message) == []
    key = {
        "adopted": "finding.over.adopt",
        "removed": "finding.over.remove",
        "superseded": "finding.superseded",
    }
    listed = short(LISTED[method])
    said = {
        **message_of(kind, finding).params, "at": NOW, "entry": listed, "id": 17,
        "app": finding.target.label,
        "person": t.people(["U0ENGINEER"]), "approvers": t.people(["U0LEAD"]),
    }  # fmt: skip
    assert message.text == t(key.get(how, f"{kind}.over"), **said)


def test_a_card_whose_finding_a_process_of_the_version_before_took_away_is_over() -> None:
    finding = about(requests=(request(Kind.ADOPT, RequestState.APPROVED, done=True),))
    left = replace(message_of(MessageKind.RULE_UNMANAGED, finding), about=("request 17",))
    found = render(left, None, t=EN, policy=POLICY, finding=finding)
    assert "is managed by pgaccess since" in found.text
    assert buttons(found) == []


@IN_BOTH_LANGUAGES
def test_what_was_ignored_until_now_says_so_when_it_asks_again(language: str) -> None:
    until = NOW - timedelta(minutes=1)
    params = {AGAIN: until.isoformat(), "by_person": "U0LEAD", "because": LONG}
    t = Translator(language)
    message = shown(MessageKind.RULE_UNMANAGED, about(entry()), t, params)
    assert t.date(until) in samples.content(message)
    assert buttons(message) == list(BUTTONS.values())


def test_a_target_that_is_gone_offers_nothing() -> None:
    gone = replace(factories.database(), gone_at=NOW)
    assert buttons(shown(MessageKind.RULE_UNMANAGED, about(entry(), target=gone))) == []


@pytest.mark.parametrize("kind", CARDS)
@IN_BOTH_LANGUAGES
def test_a_message_from_before_cards_is_the_sentence_that_it_was(kind: MessageKind, language: str) -> None:
    t = Translator(language)
    message = message_of(kind, about(method=SINGLE.get(kind, Method.MTLS)))
    found = render(message, None, t=t, policy=POLICY)
    assert found.text == t(kind, **message.params)
    assert buttons(found) == []


# --- several --------------------------------------------------------------------------------------------


def many(count: int, **changed: Any) -> Iterator[UnmanagedEntry]:
    for number in range(1, count + 1):
        yield entry(number=number, subject=f"192.0.2.{number}/32", **changed)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("count", [1, 2, 40, 250])
def test_a_list_names_what_fits_says_how_many_more_and_has_one_button(
    count: int, first: bool, language: str
) -> None:
    finding = about(*many(count, description=LONG))
    params = {FIRST: "yes"} if first else {ASKS: "yes"}
    message = shown(LISTS, finding, Translator(language), params)
    assert buttons(message) == [f"{action_ids.FINDING_CHOOSE}.mtls"]
    assert "192.0.2.1/32" in samples.content(message)
    assert ("S0LEADS" in samples.content(message)) is not first


def test_a_list_shows_only_what_it_is_still_about() -> None:
    one, two = many(2)
    message = message_of(LISTS, about(one))
    found = render(message, None, t=EN, policy=POLICY, finding=about(one, two))
    assert "`192.0.2.1/32`  the ETL vendor" in samples.content(found)
    assert "`192.0.2.2/32`  the ETL vendor" not in samples.content(found)


def test_a_line_says_who_asked_for_what_and_until_when_it_is_ignored() -> None:
    asked = request(Kind.REMOVE_UNMANAGED)
    subject = str(asked.request.terms.subject)
    finding = about(entry(subject=subject), ignored(number=2), requests=(asked,))
    content = samples.content(shown(LISTS, finding))
    assert f"`{subject}`  the ETL vendor · #17: asked to remove" in content
    assert "`192.0.2.7/32`  the ETL vendor, ignored until" in content


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("first", [True, False])
def test_a_list_that_is_over_says_so(first: bool, language: str) -> None:
    t, params = Translator(language), ({FIRST: "yes"} if first else {})
    message = shown(LISTS, about(), t, params, settled=True)
    key = "finding.list.first.over" if first else f"{LISTS}.over"
    assert message.text == t(key, **{**message_of(LISTS, about()).params, "at": NOW})
    assert buttons(message) == []


# --- reasons --------------------------------------------------------------------------------------------


@IN_BOTH_LANGUAGES
def test_where_reasons_are_for_approvers_a_card_does_not_say_why_an_entry_is_ignored(language: str) -> None:
    t, policy = Translator(language), replace(POLICY, reasons=Reasons.APPROVERS)
    (read,) = entries_readable(policy, [ignored()])
    finding = about(read)
    again = {AGAIN: NOW.isoformat(), "by_person": "U0LEAD", "because": "the vendor leaves <soon>"}
    message = message_of(MessageKind.RULE_UNMANAGED, finding, again)
    said = samples.content(finding_card.card(message, finding, t=t, policy=policy))
    assert "the vendor leaves" not in said
    assert said.count(t("finding.because.hidden")) == 2
    row = rows.remark([read], Method.MTLS, read.entry, NOW, t)
    assert "the vendor leaves" not in row
    assert t("finding.because.hidden") in row
    shown = samples.content(finding_card.card(message, about(ignored()), t=t, policy=POLICY))
    assert shown.count("the vendor leaves") == 2


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("action", FindingAction)
def test_whoever_decides_reads_in_the_form_why_an_entry_is_ignored(
    action: FindingAction, language: str
) -> None:
    t = Translator(language)
    samples.require_valid_view(forms.decide_form(ignored(ignored_because=LONG), action, about(), t))
    assert "the vendor leaves" in str(forms.decide_form(ignored(), action, about(), t)["blocks"])


# --- forms ----------------------------------------------------------------------------------------------


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("action", FindingAction)
@pytest.mark.parametrize("method", Method)
def test_the_form_of_a_button_asks_for_what_its_action_needs(
    action: FindingAction, method: Method, language: str
) -> None:
    made = entry(method)
    view = forms.decide_form(made, action, about(made, method=method), Translator(language))
    samples.require_valid_view(view)
    fields = {block["block_id"]: block["optional"] for block in view["blocks"] if block["type"] == "input"}
    ignores = action is FindingAction.IGNORE
    expected = {action_ids.FIELD_DURATION: False} if ignores else {}
    assert fields == {**expected, action_ids.FIELD_REASON: not ignores}
    assert action_ids.read_finding(view["private_metadata"]) == (made.id, made.fingerprint, action)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [1, 2, 100, 250])
def test_the_form_about_several_has_them_in_a_menu(count: int, language: str) -> None:
    view = forms.choose_form(about(*many(count, description=LONG)), Translator(language))
    samples.require_valid_view(view)
    (menu,) = [
        block["element"] for block in view["blocks"] if block.get("block_id") == action_ids.FIELD_ENTRY
    ]
    assert len(menu["options"]) == min(count, 100)
    assert [action_ids.read_entry(option["value"])[0] for option in menu["options"][:2]] == [1, 2][:count]


def test_a_form_offers_no_action_that_none_of_its_entries_can_have() -> None:
    view = forms.choose_form(about(entry(subject="2001:db8::/32")), EN)
    (choice,) = [
        block["element"] for block in view["blocks"] if block.get("block_id") == action_ids.FIELD_ACTION
    ]
    assert [option["value"] for option in choice["options"]] == [FindingAction.IGNORE]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "1",
        "1/adopt",
        "1-0a1b2c3d/burn",
        "-1/adopt",
        "1-0a1b2c3d/adopt/2",
        "1-0A1B2C3D/adopt",
        "٣-0a1b2c3d/adopt",
    ],
)
def test_a_value_that_is_not_ours_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        action_ids.read_finding(value)
