"""The status of a database, and its diagnosis: valid, and true of the last observation."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID

import pytest

from bot.domain.grant import GrantState
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.i18n.translator import Translator
from bot.ports import DatabaseStatus, RequestDetails
from bot.views import database_status, diagnosis
from bot.views.mtls.status import SHOWN
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import CASES, CROWDED, IN_BOTH_LANGUAGES, LONG

EN = Translator("en")
MINE = samples.granted(GrantState.IN_FORCE)
RULE = factories.rule("203.0.113.4/32", 3)


def status_of(
    observation: MtlsObservation | None, *mine: RequestDetails, others: tuple[RequestDetails, ...] = ()
) -> DatabaseStatus:
    return DatabaseStatus(
        database=factories.database(),
        observation=observation,
        open=(*mine, *others),
        mine=tuple(mine),
        now=NOW,
    )


def rules(count: int, *, description: str = LONG) -> tuple[IpRule, ...]:
    return tuple(
        replace(factories.rule(f"198.51.100.{n}/32", n + 1), description=description) for n in range(count)
    )


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [0, 1, SHOWN, SHOWN + 1, 60])
def test_a_status_is_valid_with_any_number_of_rules(count: int, language: str) -> None:
    found = rules(count)
    for ours in (frozenset(), frozenset(rule.id for rule in found)):
        message = database_status.status(status_of(factories.look(*found, ours=ours)), Translator(language))
        samples.require_valid(message, answers=True)


@IN_BOTH_LANGUAGES
def test_a_status_is_valid_where_a_hundred_requests_share_one_rule(language: str) -> None:
    shared = [
        replace(MINE, request=replace(MINE.request, id=4_294_967_000 + number)) for number in range(100)
    ]
    observation = factories.look(RULE, *rules(59), ours=frozenset({RULE.id}))
    message = database_status.status(status_of(observation, *shared), Translator(language))
    samples.require_valid(message, answers=True)
    left_out = Translator(language)("names.more", count=95)
    named = ", ".join(f"#{number}" for number in range(4_294_967_000, 4_294_967_005))
    assert f"{named}, {left_out}" in samples.content(message)


@pytest.mark.parametrize("count", [SHOWN, 60])
def test_rules_that_are_left_out_are_counted(count: int) -> None:
    content = samples.content(database_status.status(status_of(factories.look(*rules(count))), EN))
    assert f"*{count} of 60 rules*" in content
    assert (f"… and {count - SHOWN} more" in content) is (count > SHOWN)


@pytest.mark.parametrize(
    ("observation", "sentence"),
    [(None, "Not read from Heroku yet"), (factories.look(enabled=False), "mTLS is not enabled")],
)
def test_what_is_not_known_about_rules_is_stated(observation: MtlsObservation | None, sentence: str) -> None:
    message = database_status.status(status_of(observation), EN)
    samples.require_valid(message, answers=True)
    assert sentence in samples.content(message)
    assert "rules*" not in samples.content(message)


def test_our_rules_name_their_requests_and_unmanaged_ones_say_what_they_are_called() -> None:
    unmanaged = replace(factories.rule("198.51.100.7/32", 9), description="office\n<b>")
    observation = factories.look(RULE, unmanaged, ours=frozenset({RULE.id}))
    content = samples.content(database_status.status(status_of(observation, MINE), EN))
    assert "`203.0.113.4/32`  Authorized, #17" in content
    assert "not managed by pgaccess: office &lt;b&gt;" in content


def test_a_rule_that_heroku_lists_and_that_is_no_ipv4_network_is_shown_as_it_is() -> None:
    odd = IpRule(id=RULE.id, network="2001:db8::/32", status="Authorized", description="")
    content = samples.content(database_status.status(status_of(factories.look(odd)), EN))
    assert "`2001:db8::/32`  Authorized, not managed by pgaccess: –" in content


# --- why -------------------------------------------------------------------------------------------


def why(observation: MtlsObservation | None, *mine: RequestDetails) -> str:
    message = diagnosis.why(status_of(observation, *mine), t=EN, policy=POLICY)
    samples.require_valid(message, answers=True)
    return samples.content(message)


def test_without_an_observation_nothing_is_claimed() -> None:
    content = why(None, MINE)
    assert "Not read from Heroku yet" in content
    assert "mTLS is" not in content


def test_a_database_without_mtls_is_the_first_thing_named() -> None:
    assert "mTLS is not enabled on this database" in why(factories.look(enabled=False), MINE)


def test_a_person_without_requests_sees_how_to_request() -> None:
    assert "/pgaccess mtls add 203.0.113.4 to billing" in why(factories.look(RULE))


def test_an_authorised_rule_is_not_what_stands_between() -> None:
    content = why(factories.look(RULE), MINE)
    assert "203.0.113.4/32 is authorized (#17)" in content
    assert "not in the list at Heroku" not in content


def test_a_rule_that_is_not_authorised_yet_is_waited_for() -> None:
    content = why(factories.look(replace(RULE, status="Authorizing")), MINE)
    assert "is Authorizing at Heroku (#17)" in content


@pytest.mark.parametrize("state", [GrantState.APPLYING, GrantState.INTERRUPTED])
def test_a_rule_that_is_not_listed_is_missing_with_the_state_that_explains_it(state: GrantState) -> None:
    content = why(factories.look(), samples.granted(state))
    assert "203.0.113.4/32 is not in the list at Heroku (#17): " in content


@pytest.mark.parametrize("state", GrantState)
def test_a_listed_rule_is_never_called_missing_whatever_the_request_s_state(state: GrantState) -> None:
    assert "not in the list at Heroku" not in why(factories.look(RULE), samples.granted(state))
    assert "not in the list at Heroku" not in why(factories.look(RULE), factories.case())


def test_every_psql_error_is_explained_each_time() -> None:
    for observation in (None, factories.look(), factories.look(RULE)):
        content = why(observation, MINE)
        for error in ("timeout expired", "valid client certificate", "password authentication failed"):
            assert error in content


@IN_BOTH_LANGUAGES
def test_why_is_valid_with_the_longest_of_everything(language: str) -> None:
    t, waiting = Translator(language), factories.look(replace(RULE, status="X" * 40))
    for details in (CASES[name] for name in CASES if name.startswith("open")):
        for observation in (None, factories.look(), factories.look(RULE), waiting):
            message = diagnosis.why(status_of(observation, *[details] * 8), t=t, policy=CROWDED)
            samples.require_valid(message, answers=True)


def test_only_the_newest_few_of_ones_own_are_explained() -> None:
    mine = [
        replace(MINE, request=replace(MINE.request, id=100 - number, terms=terms))
        for number in range(8)
        for terms in [replace(MINE.request.terms, subject=IPv4Network(f"192.0.2.{number}/32"))]
    ]
    content = why(factories.look(), *mine)
    assert "(#96)" in content
    assert "(#95)" not in content


# --- certificates ----------------------------------------------------------------------------------


def certified(*days: float | None, status: str = "ready") -> MtlsObservation:
    """An observation with certificates, by the days that are left of each."""
    found = tuple(
        Certificate(
            id=UUID(int=number),
            name=f"host-{number}",
            status=status,
            expires_at=None if left is None else NOW + timedelta(days=left),
        )
        for number, left in enumerate(days)
    )
    return replace(factories.look(RULE), certificates=found, certificates_at=NOW)


CERTIFIED = [
    (factories.look(RULE), "Check when yours ends"),
    (certified(None), "pgaccess knows of no client certificate of yours here"),
    (certified(), "This database has no usable client certificate"),
    (certified(300, status="disabled"), "This database has no usable client certificate"),
    (certified(300, 20), "pgaccess knows of no client certificate of yours here"),
    (certified(-9, -3), "pgaccess knows of no client certificate of yours here"),
    (certified(-9, None), "pgaccess knows of no client certificate of yours here"),
]


@pytest.mark.parametrize(("observation", "sentence"), CERTIFIED)
def test_a_certificate_s_remaining_days_are_shown_as_far_as_they_are_known(
    observation: MtlsObservation, sentence: str
) -> None:
    assert sentence in why(observation, MINE)


def owned(*days: float | None, status: str = "ready") -> tuple[KnownCertificate, ...]:
    """Certificates of the reader's own, by the days that are left of each."""
    return tuple(
        KnownCertificate(
            id=UUID(int=number), target=UUID(int=1), request=number + 1, owner="U0ENGINEER", purpose="",
            name=f"host-{number}", status=status,
            expires_at=None if left is None else NOW + timedelta(days=left),
            first_seen_at=NOW, last_seen_at=NOW,
        )
        for number, left in enumerate(days)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (owned(300, 20), "Your client certificate #1 is valid for 300 more days"),
        (owned(-3, 14), "Your client certificate #2 expires in 14d"),
        (owned(0.5), "Your client certificate #1 expires in 12h"),
        (owned(0), "Your client certificate #1 expired"),
        (owned(-9, -3), "Your client certificate #2 expired"),
        (owned(None), "Check when yours ends"),
        (owned(None, status="pending"), "Your client certificate #1 is provisioning"),
    ],
)
def test_the_days_that_are_left_are_those_of_ones_own_certificate(
    own: tuple[KnownCertificate, ...], sentence: str
) -> None:
    status = replace(status_of(certified(300), MINE), certificates=own)
    message = diagnosis.why(status, t=EN, policy=POLICY)
    assert sentence in samples.content(message)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("observation", [observation for observation, _ in CERTIFIED])
def test_why_is_valid_whatever_is_known_of_certificates(observation: MtlsObservation, language: str) -> None:
    long = tuple(replace(each, name=LONG) for each in observation.certificates)
    for shape in (observation, replace(observation, certificates=long)):
        message = diagnosis.why(status_of(shape, MINE), t=Translator(language), policy=POLICY)
        samples.require_valid(message, answers=True)
