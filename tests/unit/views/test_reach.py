"""What is said of reach is true of the address: of every message that speaks of it, in both languages."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID

import pytest

from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.observation import Observation
from bot.domain.operation import Operation, OperationState
from bot.domain.outside.text import UNREADABLE
from bot.domain.privatelink.observation import AllowedAccount, PrivateLinkObservation
from bot.domain.reach import Nearby
from bot.domain.request import Kind, RequestState
from bot.domain.subject import Accounts, Network, Subject
from bot.domain.target import Space
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from bot.i18n.translator import Translator
from bot.ports import DatabaseStatus, Message, MessageKind, PersonalAccess, RequestDetails, SpaceStatus
from bot.views import database_status, diagnosis, reach, responses
from bot.views.render import render
from bot.views.reviews import personal_access
from bot.views.trusted_ips import diagnosis as space_diagnosis
from bot.views.trusted_ips import status as space_status
from tests.unit import factories
from tests.unit.factories import NOW, POLICY, look
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES
from tests.unit.views.test_notifications import outbox_message

EN = Translator("en")
ONE, OFFICE, HALF = map(IPv4Network, ("198.51.100.7/32", "198.51.100.0/24", "198.51.100.0/25"))
SPACE = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)
A, B, USER = (
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::210987654321:root",
    "arn:aws:iam::123456789012:user/etl",
)


def rule(network: Network, number: int = 1, status: str = "Authorized") -> IpRule:
    return factories.rule(str(network), number, status)


def owned(*ours: IpRule, others: tuple[IpRule, ...] = ()) -> MtlsObservation:
    return look(*ours, *others, ours=frozenset(each.id for each in ours))


def granted(subject: Subject, request: int, method: Method = Method.MTLS) -> Grant:
    grant = replace(factories.grant(), id=UUID(int=request), request=request)
    return replace(grant, subject=subject, method=method)


def ranges(*sources: str) -> RulesetObservation:
    rules = tuple(RulesetRule("allow", source) for source in sources)
    ruleset = Ruleset(id=UUID(int=1), rules=rules, applied=True, by="network@example.com")
    return RulesetObservation(at=NOW, ruleset=ruleset, ours=frozenset())


def linked(*arns: str) -> PrivateLinkObservation:
    accounts = tuple(AllowedAccount(arn=arn, status="Active") for arn in arns)
    return PrivateLinkObservation(at=NOW, status="Operational", service="", accounts=accounts)


OPENED = Nearby(space="acme-private", ranges=ranges(str(OFFICE)), services=DataServices.CONFIRMED)


def details(
    seen: Observation | None,
    *,
    stands: GrantState | None = GrantState.ENDED,
    subject: Subject = ONE,
    method: Method = Method.MTLS,
    nearby: Nearby | None = None,
    kind: Kind = Kind.OPEN,
    closes: tuple[int, ...] = (),
) -> RequestDetails:
    state = RequestState.PENDING if stands is None else RequestState.APPROVED
    asked = factories.request(kind=kind, state=state)
    asked = replace(asked, terms=replace(asked.terms, method=method, subject=subject))
    grant = None
    if stands is not None:
        grant = factories.grant(stands, reason_code=ReasonCode.REVOKED)
        grant = replace(grant, subject=subject, method=method)
    votes = () if stands is None else (factories.vote(),)
    made = factories.case(asked=asked, votes=votes, granted=grant, closes=closes)
    own = (grant,) if grant is not None and stands is not GrantState.ENDED else ()
    around = nearby or Nearby()
    made = replace(made, observation=seen, nearby=replace(around, grants=(*own, *around.grants)))
    return replace(made, target=SPACE) if method is Method.TRUSTED else made


def notified(kind: MessageKind, about: RequestDetails, t: Translator = EN) -> str:
    message = render(outbox_message(kind), about, t=t, policy=POLICY)
    samples.require_valid(message)
    return samples.content(message)


def card(about: RequestDetails, kind: MessageKind = MessageKind.CARD_APPROVAL) -> str:
    return notified(kind, about)


UNMANAGED = "198.51.100.0/24 (not managed by pgaccess)"


# --- after the end ------------------------------------------------------------------------------------

LASTING: list[tuple[RequestDetails, str]] = [
    (details(look(rule(OFFICE))), f"198.51.100.7/32 is still allowed to billing by {UNMANAGED}"),
    (details(look(rule(ONE))), "by 198.51.100.7/32 (not managed by pgaccess)"),
    (
        details(owned(rule(ONE)), nearby=Nearby(grants=(granted(ONE, 5),))),
        "198.51.100.7/32 is still allowed to billing by 198.51.100.7/32 (#5)",
    ),
    (
        details(owned(rule(OFFICE)), nearby=Nearby(grants=(granted(OFFICE, 5), granted(OFFICE, 6)))),
        "198.51.100.7/32 is still allowed to billing by 198.51.100.0/24 (#5, #6)",
    ),
    (
        details(owned(rule(ONE)), nearby=Nearby(adopted=frozenset({(Method.MTLS, str(ONE))}))),
        "by 198.51.100.7/32 (managed by pgaccess)",
    ),
    (
        details(look(), nearby=OPENED),
        f"by the trusted IP range {UNMANAGED} of the space acme-private",
    ),
    (
        details(look(rule(ONE)), subject=OFFICE),
        "198.51.100.0/24 is still allowed to billing in part, by 198.51.100.7/32 (not managed by pgaccess)",
    ),
    (
        details(ranges("0.0.0.0/0"), method=Method.TRUSTED),
        "198.51.100.7/32 is still allowed to acme-private by 0.0.0.0/0 (not managed by pgaccess)",
    ),
    (
        details(linked(A), subject=Accounts((USER,)), method=Method.PRIVATELINK),
        "123456789012:user/etl is still allowed to billing by 123456789012 (not managed by pgaccess)",
    ),
    (
        details(linked(B), subject=Accounts((A, B)), method=Method.PRIVATELINK),
        "210987654321 is still allowed to billing by 210987654321 (not managed by pgaccess)",
    ),
    (
        details(
            replace(linked(A, B), ours=frozenset({A, B})),
            subject=Accounts((A, B)),
            method=Method.PRIVATELINK,
            nearby=Nearby(grants=(granted(Accounts((A,)), 5, Method.PRIVATELINK),)),
        ),
        "123456789012, 210987654321 is still allowed to billing by 123456789012 (#5), 210987654321 (managed",
    ),
    (
        details(
            replace(linked(A), ours=frozenset({A})),
            subject=Accounts((A, B)),
            method=Method.PRIVATELINK,
            nearby=Nearby(grants=(granted(Accounts((A,)), 5, Method.PRIVATELINK),)),
        ),
        "123456789012 is still allowed to billing by 123456789012 (#5)",
    ),
    (
        details(
            replace(ranges(str(ONE)), ours=frozenset({str(ONE)})),
            method=Method.TRUSTED,
            nearby=Nearby(grants=(granted(ONE, 5, Method.TRUSTED),)),
        ),
        "198.51.100.7/32 is still allowed to acme-private by 198.51.100.7/32 (#5)",
    ),
    (
        details(
            owned(rule(OFFICE)),
            nearby=Nearby(grants=(replace(granted(OFFICE, 5), state=GrantState.ENDING),)),
        ),
        "198.51.100.7/32 is still allowed to billing by 198.51.100.0/24 (#5, ending)",
    ),
    (
        details(look(rule(OFFICE, status="Authorizing"))),
        "198.51.100.7/32 is still listed at Heroku for billing: "
        f"{UNMANAGED}, listed but not in force: Authorizing",
    ),
    (details(None), "198.51.100.7/32 may still be allowed to billing"),
]


@pytest.mark.parametrize(("about", "said"), LASTING)
def test_an_end_says_what_still_allows_the_address(about: RequestDetails, said: str) -> None:
    content = notified(MessageKind.ENDED, about)
    assert f"#17 has ended* (revoked by an approver), but {said}" in content or said in content
    assert "no longer allows" not in content


@pytest.mark.parametrize("kind", [MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER])
@pytest.mark.parametrize(("about", "said"), LASTING)
def test_both_cards_say_it_as_well(about: RequestDetails, said: str, kind: MessageKind) -> None:
    assert said in card(about, kind)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    "kind",
    [MessageKind.ENDED, MessageKind.ENDING, MessageKind.INTERRUPTED, MessageKind.FAILED],
)
def test_it_is_said_in_whole_messages_whatever_there_is(kind: MessageKind, language: str) -> None:
    stands = {
        MessageKind.ENDED: GrantState.ENDED,
        MessageKind.ENDING: GrantState.IN_FORCE,
        MessageKind.INTERRUPTED: GrantState.INTERRUPTED,
        MessageKind.FAILED: GrantState.FAILED,
    }[kind]
    for about, _ in LASTING:
        assert about.grant is not None
        moved = replace(about, grant=replace(about.grant, state=stands))
        assert UNREADABLE not in notified(kind, moved, Translator(language)).replace("?", "")


@pytest.mark.parametrize(
    "about",
    [
        details(look()),
        details(look(rule(IPv4Network("203.0.113.0/24")))),
        details(look(), nearby=replace(OPENED, services=DataServices.WEB_ONLY)),
        details(look(), nearby=replace(OPENED, ranges=ranges("203.0.113.0/24"))),
        details(ranges("203.0.113.0/24"), method=Method.TRUSTED),
        details(linked(B), subject=Accounts((A,)), method=Method.PRIVATELINK),
    ],
)
def test_an_end_that_closes_the_address_says_nothing_else(about: RequestDetails) -> None:
    content = notified(MessageKind.ENDED, about)
    assert "it no longer allows" in content
    assert "still" not in content


def test_who_reads_of_an_unmanaged_network_is_told_how_to_remove_or_adopt_it() -> None:
    content = notified(MessageKind.ENDED, details(look(rule(OFFICE))))
    assert "`/pgaccess mtls remove 198.51.100.0/24 from billing`" in content
    assert "`/pgaccess mtls adopt 198.51.100.0/24 on billing`" in content


@pytest.mark.parametrize(
    ("about", "command"),
    [
        (details(look(), nearby=OPENED), "/pgaccess trusted remove 198.51.100.0/24 from acme-private"),
        (
            details(linked(A), subject=Accounts((USER,)), method=Method.PRIVATELINK),
            "/pgaccess privatelink remove 123456789012 from billing",
        ),
        (details(owned(rule(ONE)), nearby=Nearby(grants=(granted(ONE, 5),))), "/pgaccess show 5"),
    ],
)
def test_each_entry_has_the_command_of_its_own_method_and_target(about: RequestDetails, command: str) -> None:
    assert f"`{command}`" in notified(MessageKind.ENDED, about)


@pytest.mark.parametrize(
    "about",
    [
        details(ranges("0.0.0.0/0"), method=Method.TRUSTED),
        details(linked("*"), subject=Accounts((A,)), method=Method.PRIVATELINK),
    ],
)
def test_no_command_is_offered_that_pgaccess_would_refuse(about: RequestDetails) -> None:
    content = notified(MessageKind.ENDED, about)
    assert "is still allowed" in content
    assert "/pgaccess" not in content


def test_many_entries_are_named_in_part() -> None:
    rules = [rule(IPv4Network((int(OFFICE.network_address), 32 - n)), n + 1) for n in range(9)]
    content = notified(MessageKind.ENDED, details(look(*rules), subject=IPv4Network("198.51.100.0/32")))
    assert "and 6 more" in content


# --- before it, and while it ends ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "nearby", "asked"),
    [
        (
            owned(rule(ONE, 2), others=(rule(OFFICE),)),
            None,
            f"This immediately ends #17. As last read at Heroku, 198.51.100.7/32 stays allowed to billing, "
            f"by {UNMANAGED}.",
        ),
        (
            owned(rule(ONE, 2)),
            Nearby(grants=(granted(ONE, 5),)),
            "stays allowed to billing, by 198.51.100.7/32 (#5).",
        ),
        (owned(rule(ONE, 2)), OPENED, f"by the trusted IP range {UNMANAGED} of the space acme-private."),
        (owned(rule(ONE, 2)), None, "This immediately ends the access 198.51.100.7/32 → billing."),
        (None, None, "Whether anything else allows 198.51.100.7/32 to billing is not known."),
    ],
)
def test_the_question_before_a_revocation_says_what_stays(
    seen: MtlsObservation | None, nearby: Nearby | None, asked: str
) -> None:
    about = details(seen, stands=GrantState.IN_FORCE, nearby=nearby)
    assert asked in reach.question(about, EN)
    assert asked in card(about)


@IN_BOTH_LANGUAGES
def test_a_question_fits_slack_s_dialog(language: str) -> None:
    users = tuple(f"arn:aws:iam::12345678901{n}:user/{'e' * 60}" for n in range(9))
    for about in (
        details(look(rule(OFFICE)), stands=GrantState.IN_FORCE, nearby=OPENED),
        details(
            linked(*users),
            subject=Accounts(users),
            method=Method.PRIVATELINK,
            stands=GrantState.IN_FORCE,
        ),
    ):
        message = render(
            outbox_message(MessageKind.CARD_APPROVAL), about, t=Translator(language), policy=POLICY
        )
        samples.require_valid(message)


@pytest.mark.parametrize(("others", "asks"), [((rule(OFFICE),), True), ((), False)])
def test_ending_ones_own_access_asks_only_where_the_address_stays_allowed(
    others: tuple[IpRule, ...], asks: bool
) -> None:
    about = details(owned(rule(ONE, 2), others=others), stands=GrantState.IN_FORCE)
    message = render(outbox_message(MessageKind.IN_FORCE), about, t=EN, policy=POLICY)
    samples.require_valid(message)
    assert ("stays allowed" in str(message.blocks)) is asks


@pytest.mark.parametrize("stands", [GrantState.ENDING])
def test_the_answer_to_a_revocation_says_what_stays(stands: GrantState) -> None:
    seen = owned(rule(ONE, 2), others=(rule(OFFICE),))
    nearby = Nearby(grants=(replace(granted(ONE, 17), state=stands),))
    about = details(seen, stands=stands, nearby=nearby)
    answers = (responses.done("closing", about, EN), responses.removing(about, (17,), EN))
    for answer in answers:
        samples.require_valid(answer, answers=True)
        content = samples.content(answer)
        assert f"After that, 198.51.100.7/32 is still allowed to billing by {UNMANAGED}" in content
        assert "`/pgaccess mtls remove 198.51.100.0/24 from billing`" in content


def test_a_removal_of_several_grants_counts_none_of_them() -> None:
    nearby = Nearby(grants=(granted(ONE, 5), granted(ONE, 6)))
    about = details(owned(rule(ONE)), stands=None, kind=Kind.REMOVE, nearby=nearby, closes=(5, 6))
    assert "still allowed" not in card(about)
    assert "still allowed to billing by 198.51.100.7/32 (#6)" in card(replace(about, closes=(5,)))


def test_a_removal_of_an_unmanaged_rule_says_what_else_allows_the_address() -> None:
    about = details(look(rule(ONE, 2), rule(OFFICE)), stands=None, kind=Kind.REMOVE_UNMANAGED)
    assert f"After that, 198.51.100.7/32 is still allowed to billing by {UNMANAGED}" in card(about)
    alone = details(look(rule(ONE, 2)), stands=None, kind=Kind.REMOVE_UNMANAGED)
    assert "still allowed" not in card(alone)


def test_a_warning_and_an_extension_say_what_outlasts_the_end() -> None:
    about = details(owned(rule(ONE, 2), others=(rule(OFFICE),)), stands=GrantState.IN_FORCE)
    said = f"After that, 198.51.100.7/32 is still allowed to billing by {UNMANAGED}"
    assert said in notified(MessageKind.ENDING, about)
    extension = replace(about, request=replace(about.request, kind=Kind.EXTEND))
    assert said in notified(MessageKind.DECIDED, extension)


# --- a space that is missing, and one of which support's answer is not known -----------------------------

COVERED = Nearby(space="acme-private", ranges=ranges(str(OFFICE)))
UNSETTLED = [
    COVERED,
    replace(COVERED, services=DataServices.WAITING),
    replace(COVERED, services=DataServices.CONFIRMED, missing=True),
]
MAYBE = f"it is covered by the trusted IP range {UNMANAGED} of the space acme-private"
WHEN = {
    MessageKind.ENDED: GrantState.ENDED,
    MessageKind.ENDING: GrantState.IN_FORCE,
    MessageKind.INTERRUPTED: GrantState.INTERRUPTED,
    MessageKind.FAILED: GrantState.FAILED,
}


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("nearby", UNSETTLED)
@pytest.mark.parametrize("kind", WHEN)
def test_a_range_that_may_keep_the_address_open_is_said_wherever_access_ends(
    kind: MessageKind, nearby: Nearby, language: str
) -> None:
    content = notified(kind, details(look(), stands=WHEN[kind], nearby=nearby), Translator(language))
    assert "198.51.100.0/24" in content
    if language == "en":
        assert f"may still be allowed to billing: {MAYBE}" in content
        assert kind is MessageKind.ENDING or "no longer allow" not in content


@pytest.mark.parametrize("nearby", UNSETTLED)
def test_the_question_names_a_range_that_may_keep_the_address_open(nearby: Nearby) -> None:
    about = details(owned(rule(ONE)), stands=GrantState.IN_FORCE, nearby=nearby)
    assert f"198.51.100.7/32 may stay allowed to billing: {MAYBE}" in reach.question(about, EN)
    message = render(outbox_message(MessageKind.IN_FORCE), about, t=EN, policy=POLICY)
    assert MAYBE in str(message.blocks)


@IN_BOTH_LANGUAGES
def test_ending_all_that_a_person_has_names_the_addresses_that_may_stay_allowed(language: str) -> None:
    access = PersonalAccess(
        person="U0ENGINEER",
        ends=(details(owned(rule(ONE)), stands=GrantState.IN_FORCE, nearby=COVERED),),
        certificates=(),
        certificates_end=False,
        stays=(),
    )
    message = personal_access.revoked(access, Translator(language))
    samples.require_valid(message, answers=True)
    content = samples.content(message)
    assert "198.51.100.0/24" in content
    assert language == "ja" or "These addresses may stay allowed" in content


@pytest.mark.parametrize("nearby", [Nearby(space="acme-private", missing=True), Nearby(space="acme-private")])
def test_a_list_that_was_never_read_is_not_taken_for_an_empty_one(nearby: Nearby) -> None:
    said = "198.51.100.7/32 may still be allowed to billing: what Heroku has there is not known."
    assert said in notified(MessageKind.ENDED, details(look(), nearby=nearby))
    about = details(owned(rule(ONE)), stands=GrantState.IN_FORCE, nearby=nearby)
    assert "Whether anything else allows 198.51.100.7/32 to billing is not known" in reach.question(about, EN)


@pytest.mark.parametrize(
    "nearby",
    [
        replace(COVERED, ranges=ranges("0.0.0.0/0")),
        replace(COVERED, ranges=ranges("203.0.113.0/24", "0.0.0.0/0"), services=DataServices.WAITING),
        replace(COVERED, ranges=ranges("203.0.113.0/24"), services=DataServices.CONFIRMED, missing=True),
        replace(COVERED, services=DataServices.WEB_ONLY, missing=True),
    ],
)
def test_a_space_without_a_covering_range_needs_no_word(nearby: Nearby) -> None:
    content = notified(MessageKind.ENDED, details(look(), nearby=nearby))
    assert "it no longer allows" in content
    assert "still" not in content
    about = details(owned(rule(ONE)), stands=GrantState.IN_FORCE, nearby=nearby)
    assert "This immediately ends the access 198.51.100.7/32 → billing." in reach.question(about, EN)


def test_why_says_of_a_database_whose_space_is_missing_that_it_is_not_known() -> None:
    status = replace(status_of(look()), space_missing=True)
    content = samples.content(diagnosis.address(status, ONE, t=EN))
    assert "Whether 198.51.100.7/32 is allowed to billing is not known" in content


def test_why_says_of_an_address_that_only_a_range_may_allow_that_it_is_not_known() -> None:
    space = SpaceStatus(space=SPACE, observation=ranges(str(OFFICE)), open=(), services=DataServices.UNKNOWN)
    content = samples.content(diagnosis.address(status_of(look(), space=space), ONE, t=EN))
    assert "whether that opens this database is not known" in content
    assert "Nothing that Heroku lists allows" not in content


# --- the same address in two lists ---------------------------------------------------------------------

SAME = Nearby(space="acme-private", ranges=ranges(str(ONE)), services=DataServices.CONFIRMED)
OURS_TOO = replace(
    SAME,
    ranges=replace(ranges(str(ONE)), ours=frozenset({str(ONE)})),
    grants=(granted(ONE, 5), granted(ONE, 6, Method.TRUSTED)),
)


@pytest.mark.parametrize(
    ("nearby", "said"),
    [
        (SAME, "by the trusted IP range 198.51.100.7/32 (not managed by pgaccess) of the space acme-private"),
        (
            replace(OURS_TOO, grants=OURS_TOO.grants[1:]),
            "by the trusted IP range 198.51.100.7/32 (#6) of the",
        ),
        (replace(SAME, services=DataServices.WAITING), "may still be allowed to billing: it is covered by"),
    ],
)
def test_a_removal_of_an_unmanaged_rule_does_not_take_the_same_range_of_the_space(
    nearby: Nearby, said: str
) -> None:
    about = details(look(rule(ONE)), stands=None, kind=Kind.REMOVE_UNMANAGED, nearby=nearby)
    assert said in card(about)
    after = details(look(), stands=None, kind=Kind.OPEN, nearby=nearby)
    assert "Already covered by the trusted IP range" in card(after) or nearby.services is DataServices.WAITING


@pytest.mark.parametrize("closes", [(5,), (5, 7)])
def test_an_approved_removal_by_mtls_does_not_count_the_grant_of_the_space_as_ended(
    closes: tuple[int, ...],
) -> None:
    grants = (*(granted(ONE, each) for each in closes), granted(ONE, 6, Method.TRUSTED))
    about = details(
        owned(rule(ONE)),
        stands=None,
        kind=Kind.REMOVE,
        nearby=replace(OURS_TOO, grants=grants),
        closes=closes,
    )
    said = "198.51.100.7/32 is still allowed to billing by the trusted IP range 198.51.100.7/32 (#6)"
    assert said in card(about)
    approved = replace(about.request, state=RequestState.APPROVED)
    decided = replace(about, request=approved, decisions=(factories.vote(),))
    assert said in notified(MessageKind.DECIDED, decided)


# --- what did not come about, or was taken away -------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (
            look(rule(OFFICE)),
            f"outside pgaccess*, but 198.51.100.7/32 is still allowed to billing by {UNMANAGED}",
        ),
        (look(), "198.51.100.7/32 is no longer allowed to billing"),
        (None, "198.51.100.7/32 may still be allowed to billing"),
    ],
)
def test_an_interruption_tells_the_rule_from_the_address(seen: MtlsObservation | None, said: str) -> None:
    assert said in notified(MessageKind.INTERRUPTED, details(seen, stands=GrantState.INTERRUPTED))


def test_an_account_that_another_entry_allows_is_not_called_shut_out() -> None:
    about = details(
        linked(A),
        subject=Accounts((B, USER)),
        method=Method.PRIVATELINK,
        stands=GrantState.INTERRUPTED,
    )
    content = notified(MessageKind.INTERRUPTED, about)
    assert "AWS 210987654321 is no longer allowed to billing; AWS 123456789012:user/etl is still" in content


LEFT_BEHIND = "198.51.100.7/32 may be allowed to billing until pgaccess has removed what the attempt left"


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (look(rule(OFFICE)), f"but 198.51.100.7/32 is still allowed to billing by {UNMANAGED}"),
        (owned(rule(ONE)), LEFT_BEHIND),
        (owned(rule(ONE, status="Authorizing")), LEFT_BEHIND),
        (look(), "198.51.100.7/32 cannot reach billing"),
    ],
)
def test_a_failure_says_whether_the_address_is_allowed_all_the_same(seen: MtlsObservation, said: str) -> None:
    about = details(seen, stands=GrantState.FAILED)
    assert said in notified(MessageKind.FAILED, about)
    assert ("cannot reach" in notified(MessageKind.FAILED, about)) is (seen == look())
    for kind in (MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER):
        assert (LEFT_BEHIND in notified(kind, about)) is (said is LEFT_BEHIND)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    "about",
    [
        details(owned(rule(ONE)), stands=GrantState.FAILED),
        details(
            replace(linked(A, B), ours=frozenset({A, B})),
            subject=Accounts((A, B)),
            method=Method.PRIVATELINK,
            stands=GrantState.FAILED,
        ),
        details(
            replace(ranges(str(ONE)), ours=frozenset({str(ONE)})),
            method=Method.TRUSTED,
            stands=GrantState.FAILED,
        ),
    ],
    ids=list(Method),
)
def test_what_a_failed_attempt_left_is_not_called_closed(about: RequestDetails, language: str) -> None:
    t = Translator(language)
    left = t("reach.leaving", network=about.request.terms.subject, app=about.target.label)
    assert str(left) in notified(MessageKind.FAILED, about, t)


@pytest.mark.parametrize(("others", "left"), [((rule(OFFICE),), True), ((), False)])
def test_drift_names_what_still_allows_an_address_whose_rule_is_gone(
    others: tuple[IpRule, ...], left: bool
) -> None:
    about = details(look(*others), stands=GrantState.INTERRUPTED)
    content = samples.content(database_status.status(status_of(look(*others), about), EN))
    assert "`198.51.100.7/32` is missing: removed outside pgaccess (#17)" in content
    assert (f"but still allowed by {UNMANAGED}" in content) is left


# --- cards --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "nearby", "subject", "said"),
    [
        (look(rule(OFFICE)), None, ONE, f"Already covered by {UNMANAGED}."),
        (
            owned(rule(OFFICE)),
            Nearby(grants=(granted(OFFICE, 5),)),
            ONE,
            "Already covered by 198.51.100.0/24 (#5).",
        ),
        (look(), OPENED, ONE, f"Already covered by the trusted IP range {UNMANAGED}"),
        (look(rule(HALF)), None, OFFICE, "A part of it is already covered by 198.51.100.0/25"),
        (
            look(rule(HALF), rule(IPv4Network("198.51.100.128/25"), 2)),
            None,
            OFFICE,
            "Already covered by 198.51.100.0/25 (not managed by pgaccess), 198.51.100.128/25 (not managed",
        ),
        (
            look(rule(OFFICE, status="Authorizing")),
            None,
            ONE,
            f"Already covered by {UNMANAGED}, listed but not in force: Authorizing.",
        ),
        (look(rule(ONE, 2), rule(OFFICE)), None, ONE, f"Already covered by {UNMANAGED}."),
    ],
)
def test_a_card_says_what_covers_the_address_already(
    seen: MtlsObservation, nearby: Nearby | None, subject: Network, said: str
) -> None:
    assert said in card(details(seen, stands=None, subject=subject, nearby=nearby))


def test_a_user_of_an_allowed_account_is_covered() -> None:
    about = details(linked(A), stands=None, subject=Accounts((USER,)), method=Method.PRIVATELINK)
    assert "Already covered by 123456789012 (not managed by pgaccess)." in card(about)


# --- status, and why ----------------------------------------------------------------------------------


def status_of(
    seen: MtlsObservation | None,
    *mine: RequestDetails,
    others: tuple[RequestDetails, ...] = (),
    own: tuple[KnownCertificate, ...] = (),
    space: SpaceStatus | None = None,
    link: PrivateLinkObservation | None = None,
) -> DatabaseStatus:
    return DatabaseStatus(
        database=factories.database(), observation=seen, open=(*mine, *others), mine=mine, now=NOW,
        certificates=own, space=space, link=link,
    )  # fmt: skip


def why(status: DatabaseStatus, t: Translator = EN) -> str:
    message = diagnosis.why(status, t=t, policy=POLICY)
    samples.require_valid(message, answers=True)
    return samples.content(message)


def others(subject: Subject = ONE, method: Method = Method.MTLS) -> RequestDetails:
    made = details(None, stands=GrantState.IN_FORCE, subject=subject, method=method)
    grant = granted(subject, 5, method)
    return replace(made, request=replace(made.request, id=5, requester="U0COLLEAGUE"), grant=grant)


NINE = IPv4Network("198.51.100.9/32")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            status_of(look(rule(OFFICE)), details(None, stands=None, subject=NINE)),
            f":white_check_mark: 198.51.100.9/32 is allowed by {UNMANAGED}, and not by #17: ",
        ),
        (
            status_of(owned(rule(ONE)), details(None, stands=None), others=(others(),)),
            "198.51.100.7/32 is allowed by 198.51.100.7/32 (#5), and not by #17: ",
        ),
        (
            status_of(owned(rule(OFFICE)), details(None, stands=None), others=(others(OFFICE),)),
            "198.51.100.7/32 is allowed by 198.51.100.0/24 (#5), and not by #17: ",
        ),
        (
            status_of(look(rule(OFFICE)), details(None, stands=GrantState.INTERRUPTED)),
            f"198.51.100.7/32 is allowed by {UNMANAGED}, and not by #17: ",
        ),
        (
            status_of(owned(rule(ONE)), details(None, stands=GrantState.IN_FORCE)),
            "198.51.100.7/32 is authorized (#17)",
        ),
        (
            status_of(look(rule(ONE)), details(None, stands=None, subject=OFFICE)),
            ":warning: Only a part of 198.51.100.0/24 is allowed, by 198.51.100.7/32 (not managed by",
        ),
        (
            status_of(look(), details(None, stands=None)),
            ":x: 198.51.100.7/32 is not in the list at Heroku (#17): ",
        ),
        (
            status_of(look(rule(ONE, 2), rule(OFFICE)), details(None, stands=None, subject=HALF)),
            f"198.51.100.0/25 is allowed by {UNMANAGED}, and not by #17: ",
        ),
        (
            status_of(
                look(IpRule(id=UUID(int=8), network=UNREADABLE, status="Authorized", description="")),
                details(None, stands=None),
            ),
            "Whether 198.51.100.7/32 is allowed is not known",
        ),
        (
            status_of(
                look(),
                details(None, stands=None),
                space=SpaceStatus(
                    space=SPACE, observation=ranges(str(OFFICE)), open=(), services=DataServices.CONFIRMED
                ),
            ),
            f"198.51.100.7/32 is allowed by the trusted IP range {UNMANAGED} of the space acme-private",
        ),
        (
            status_of(
                look(),
                details(None, stands=None),
                space=SpaceStatus(
                    space=SPACE, observation=ranges(str(OFFICE)), open=(), services=DataServices.UNKNOWN
                ),
            ),
            "whether that opens this database is not known",
        ),
    ],
)
def test_why_answers_for_the_address_and_for_this_request(status: DatabaseStatus, said: str) -> None:
    assert said in why(status)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("seen", "asked", "said"),
    [
        (
            look(rule(OFFICE)),
            NINE,
            f":white_check_mark: 198.51.100.9/32 is allowed to billing by {UNMANAGED}.",
        ),
        (owned(rule(OFFICE)), NINE, "is allowed to billing by 198.51.100.0/24 (#5)."),
        (look(rule(ONE)), OFFICE, ":warning: Only a part of 198.51.100.0/24 is allowed to billing, by 198."),
        (look(), NINE, ":x: Nothing that Heroku lists allows 198.51.100.9/32 to billing."),
        (look(enabled=False), NINE, ":x: Nothing that Heroku lists allows 198.51.100.9/32 to billing."),
        (
            look(rule(OFFICE, status="Authorizing")),
            NINE,
            f"is not allowed to billing now: {UNMANAGED}, listed but not in force: Authorizing.",
        ),
        (
            look(IpRule(id=UUID(int=8), network=UNREADABLE, status="Authorized", description="")),
            NINE,
            "Whether 198.51.100.9/32 is allowed to billing is not known",
        ),
        (None, NINE, "Not read from Heroku yet"),
    ],
)
def test_why_answers_for_an_address_that_nobody_requested(
    seen: MtlsObservation | None, asked: Network, said: str, language: str
) -> None:
    status = status_of(seen, others=(others(OFFICE),))
    message = diagnosis.address(status, asked, t=Translator(language))
    samples.require_valid(message, answers=True)
    if language == "en":
        assert said in samples.content(message)


def test_why_about_an_address_says_whether_its_user_has_a_certificate() -> None:
    allowed = samples.content(diagnosis.address(status_of(READ), ONE, t=EN))
    assert "pgaccess knows of no client certificate of yours here" in allowed
    closed = samples.content(diagnosis.address(status_of(READ), NINE, t=EN))
    assert "client certificate of yours" not in closed


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (ranges(str(OFFICE)), f"198.51.100.7/32 is allowed to acme-private by {UNMANAGED}."),
        (ranges("203.0.113.0/24"), "Nothing that Heroku lists allows 198.51.100.7/32 to acme-private."),
        (None, "Not read from Heroku yet"),
    ],
)
def test_why_answers_for_an_address_and_a_space(
    seen: RulesetObservation | None, said: str, language: str
) -> None:
    status = SpaceStatus(space=SPACE, observation=seen, open=(), services=DataServices.WEB_ONLY)
    message = space_diagnosis.address(status, ONE, t=Translator(language))
    samples.require_valid(message, answers=True)
    if language == "en":
        assert said in samples.content(message)


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ((USER,), ":x: AWS 123456789012 is not allowed to billing (#17): "),
        ((B,), ":x: AWS 123456789012 is not allowed to billing (#17): "),
        ((UNREADABLE,), ":question: Whether AWS 123456789012 is allowed to billing is not known"),
        ((A, USER), "AWS 123456789012 is allowed to billing by 123456789012 (not managed by pgaccess), and"),
    ],
)
def test_why_judges_an_account_by_every_listed_one(listed: tuple[str, ...], said: str) -> None:
    asked = details(None, stands=None, subject=Accounts((A,)), method=Method.PRIVATELINK)
    assert said in why(status_of(None, asked, link=linked(*listed)))


def test_why_does_not_show_a_pending_request_for_an_account_as_its_own_success() -> None:
    asked = details(None, stands=None, subject=Accounts((A,)), method=Method.PRIVATELINK)
    link = replace(linked(A), ours=frozenset({A}))
    status = status_of(None, asked, others=(others(Accounts((A,)), Method.PRIVATELINK),), link=link)
    assert "AWS 123456789012 is allowed to billing by 123456789012 (#5), and not by #17: " in why(status)


def test_why_does_not_show_a_pending_request_for_a_range_as_its_own_success() -> None:
    asked = details(None, stands=None, method=Method.TRUSTED)
    seen = replace(ranges(str(ONE)), ours=frozenset({str(ONE)}))
    space = SpaceStatus(
        space=SPACE,
        observation=seen,
        open=(others(method=Method.TRUSTED),),
        services=DataServices.CONFIRMED,
    )
    content = why(status_of(None, asked, space=space))
    assert "198.51.100.7/32 is allowed to the whole space acme-private by " in content
    assert "198.51.100.7/32 (#5)" in content
    assert "and not by #17: " in content


def test_a_status_names_beside_an_entry_only_requests_whose_grants_keep_it() -> None:
    asked = details(None, stands=None)
    content = samples.content(
        database_status.status(status_of(owned(rule(ONE)), asked, others=(others(),)), EN)
    )
    assert "`198.51.100.7/32`  Authorized, #5" in content
    assert "#17" not in content
    space = SpaceStatus(
        space=SPACE,
        observation=replace(ranges(str(ONE)), ours=frozenset({str(ONE)})),
        open=(details(None, stands=None, method=Method.TRUSTED), others(method=Method.TRUSTED)),
        services=DataServices.CONFIRMED,
    )
    assert "`198.51.100.7/32`  #5" in samples.content(space_status.status(space, EN))


# --- certificates -------------------------------------------------------------------------------------


def certificate(days: int | None = 300, status: str = "ready") -> KnownCertificate:
    return KnownCertificate(
        id=UUID(int=70), target=UUID(int=1), request=12, owner="U0ENGINEER", purpose="", name="host",
        status=status, expires_at=None if days is None else NOW + timedelta(days=days), first_seen_at=NOW,
        last_seen_at=NOW,
    )  # fmt: skip


SOMEBODY_S = Certificate(
    id=UUID(int=71), name="client-1", status="ready", expires_at=NOW + timedelta(days=300)
)
READ = replace(owned(rule(ONE)), certificates=(SOMEBODY_S,), certificates_at=NOW)


@pytest.mark.parametrize("mine", [details(None, stands=None), details(None, stands=GrantState.IN_FORCE)])
def test_another_person_s_certificate_is_never_shown_as_one_s_own(mine: RequestDetails) -> None:
    content = why(status_of(READ, mine))
    assert "client-1" not in content
    assert "more days" not in content
    assert ":x: pgaccess knows of no client certificate of yours here" in content
    assert "`/pgaccess mtls certificate new on billing`" in content


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("own", "seen", "said"),
    [
        ((), READ, "certificate new on billing"),
        ((certificate(-1),), READ, "certificate new on billing"),
        ((certificate(None, "pending"),), READ, ":key:"),
        ((certificate(),), READ, None),
        ((certificate(None),), READ, None),
        ((), owned(rule(ONE)), None),
        ((), None, None),
    ],
)
def test_who_has_an_address_and_no_certificate_is_told_what_is_missing(
    own: tuple[KnownCertificate, ...], seen: MtlsObservation | None, said: str | None, language: str
) -> None:
    about = details(seen, stands=GrantState.IN_FORCE, nearby=Nearby(certificates=own))
    content = notified(MessageKind.IN_FORCE, about, Translator(language))
    assert (":key:" in content) is (said is not None)
    assert said is None or said in content


def test_a_message_about_reach_is_the_same_text_when_it_is_rendered_twice() -> None:
    rules = [rule(IPv4Network((int(OFFICE.network_address), 32 - n)), n + 1) for n in range(6)]
    forward, backward = (details(look(*some), subject=ONE) for some in (rules, rules[::-1]))
    once: Message = render(outbox_message(MessageKind.ENDED), forward, t=EN, policy=POLICY)
    assert once == render(outbox_message(MessageKind.ENDED), backward, t=EN, policy=POLICY)


# --- after an approved removal, and of all that one person has ---------------------------------------


def test_an_approved_removal_says_what_else_allows_the_address() -> None:
    nearby = Nearby(grants=(granted(ONE, 5), granted(OFFICE, 6)))
    seen = owned(rule(ONE, 2), rule(OFFICE))
    about = details(seen, stands=GrantState.ENDED, kind=Kind.REMOVE, nearby=nearby)
    said = notified(MessageKind.DECIDED, replace(about, grant=None))
    assert "After that, 198.51.100.7/32 is still allowed to billing by 198.51.100.0/24 (#6)" in said


@pytest.mark.parametrize(("left", "says"), [((rule(OFFICE),), True), ((), False)])
def test_a_removed_unmanaged_rule_is_done_and_what_else_allows_the_address_is_said(
    left: tuple[IpRule, ...], says: bool
) -> None:
    operation = Operation(
        id=UUID(int=3), request=17, target=UUID(int=1), method=Method.MTLS, kind=Kind.REMOVE_UNMANAGED,
        subject=ONE, owner="U0ENGINEER", state=OperationState.DONE, started_at=NOW, closed_at=NOW,
    )  # fmt: skip
    about = details(look(*left), kind=Kind.REMOVE_UNMANAGED)
    content = notified(MessageKind.DONE, replace(about, grant=None, operation=operation))
    assert (f"198.51.100.7/32 is still allowed to billing by {UNMANAGED}" in content) is says


@IN_BOTH_LANGUAGES
def test_ending_all_that_a_person_has_names_the_addresses_that_stay_allowed(language: str) -> None:
    seen = owned(rule(ONE, 2), others=(rule(OFFICE),))
    stays = details(seen, stands=GrantState.IN_FORCE)
    closes = details(owned(rule(ONE, 2)), stands=GrantState.IN_FORCE)
    for about, says in ((stays, True), (closes, False)):
        access = PersonalAccess(
            person="U0ENGINEER", ends=(about,), certificates=(), certificates_end=False, stays=()
        )
        for message in (
            personal_access.asking(access, "left", Translator(language)),
            personal_access.revoked(access, Translator(language)),
        ):
            samples.require_valid(message, answers=True)
            assert ("#17 (198.51.100.7/32 → billing)" in samples.content(message)) is says


@pytest.mark.parametrize(
    ("services", "web"), [(DataServices.WEB_ONLY, True), (DataServices.CONFIRMED, False)]
)
def test_a_range_for_web_traffic_is_not_announced_as_one_to_databases(
    services: DataServices, web: bool
) -> None:
    about = details(
        ranges(str(ONE)),
        method=Method.TRUSTED,
        stands=GrantState.IN_FORCE,
        nearby=Nearby(services=services),
    )
    content = notified(MessageKind.IN_FORCE, about)
    assert ("no database of the space answers" in content) is web
    assert ("psql" in content) is not web
