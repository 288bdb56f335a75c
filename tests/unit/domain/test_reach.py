"""Reach is computed from every entry: owned and unmanaged, exact and covering, of database and space."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID

import pytest

from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.reach import CertificateStanding, certificate_standing
from bot.domain.observation import Observation
from bot.domain.outside.text import UNREADABLE
from bot.domain.privatelink.observation import AllowedAccount, PrivateLinkObservation
from bot.domain.reach import Extent, Nearby, Need, Reach, Standing, extent_of, needs, reach_of
from bot.domain.subject import Accounts, Network, Subject, Whole
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from tests.unit import factories
from tests.unit.factories import NOW, look

ONE = IPv4Network("198.51.100.7/32")
OFFICE = factories.rule("198.51.100.0/24", 1)
OURS = factories.rule(str(ONE), 2)
A, USER, B = (
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:user/etl",
    "arn:aws:iam::210987654321:root",
)


def granted(
    subject: Subject = ONE,
    request: int = 5,
    state: GrantState = GrantState.IN_FORCE,
    method: Method = Method.MTLS,
) -> Grant:
    grant = replace(factories.grant(state), id=UUID(int=request), request=request)
    return replace(grant, subject=subject, method=method)


def ranges(
    *sources: str, action: str = "allow", applied: bool | None = True, readable: bool = True
) -> RulesetObservation:
    rules = tuple(RulesetRule(action, source) for source in sources)
    ruleset = Ruleset(
        id=UUID(int=1), rules=rules, applied=applied, by="network@example.com", readable=readable
    )
    return RulesetObservation(at=NOW, ruleset=ruleset, ours=frozenset())


def in_space(*sources: str, services: DataServices = DataServices.CONFIRMED) -> Nearby:
    return Nearby(space="acme-private", ranges=ranges(*sources), services=services)


def one(observation: MtlsObservation | None, nearby: Nearby | None = None, network: Network = ONE) -> Reach:
    (reach,) = reach_of(network, method=Method.MTLS, observation=observation, nearby=nearby or Nearby())
    return reach


def linked(*arns: str, status: str = "Active", ours: tuple[str, ...] = ()) -> PrivateLinkObservation:
    accounts = tuple(AllowedAccount(arn=arn, status=status) for arn in arns)
    return PrivateLinkObservation(at=NOW, status="Operational", accounts=accounts, ours=frozenset(ours))


# --- how much is allowed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "asked", "extent"),
    [
        ((), "198.51.100.7/32", Extent.NONE),
        (("198.51.100.7/32",), "198.51.100.7/32", Extent.WHOLE),
        (("198.51.100.0/24",), "198.51.100.7/32", Extent.WHOLE),
        (("198.51.101.0/24",), "198.51.100.7/32", Extent.NONE),
        (("198.51.100.7/32",), "198.51.100.0/24", Extent.PART),
        (("198.51.100.0/25", "198.51.100.128/25"), "198.51.100.0/24", Extent.WHOLE),
        (("198.51.100.0/25", "198.51.100.192/26"), "198.51.100.0/24", Extent.PART),
        (("198.51.100.0/26", "198.51.100.0/25", "198.51.100.128/25"), "198.51.100.0/24", Extent.WHOLE),
    ],
)
def test_how_much_of_a_network_several_rules_allow(
    listed: tuple[str, ...], asked: str, extent: Extent
) -> None:
    observation = look(*(factories.rule(each, number) for number, each in enumerate(listed)))
    assert one(observation, network=IPv4Network(asked)).extent is extent


@pytest.mark.parametrize("status", ["Authorizing", "", "Deauthorizing", "Odd"])
def test_a_rule_that_is_not_authorised_allows_nothing(status: str) -> None:
    reach = one(look(replace(OFFICE, status=status)))
    assert reach.extent is Extent.NONE
    assert [entry.active for entry in reach.entries] == [False]


@pytest.mark.parametrize("text", ["198.51.100.7/24", "198.51.100.7"])
def test_a_rule_with_host_bits_allows_the_network_that_it_means(text: str) -> None:
    odd = IpRule(id=UUID(int=9), network=text, status="Authorized", description="")
    assert one(look(odd)).extent is Extent.WHOLE


@pytest.mark.parametrize(
    "observation",
    [
        None,
        look(IpRule(id=UUID(int=9), network=UNREADABLE, status="Authorized", description="")),
        look(IpRule(id=UUID(int=9), network="all", status="Authorized", description="")),
        look(
            IpRule(id=UUID(int=9), network="198.51.100.0-198.51.100.9", status="Authorized", description="")
        ),
    ],
)
def test_what_was_never_read_or_cannot_be_is_not_called_closed(observation: MtlsObservation | None) -> None:
    assert one(observation).extent is Extent.UNKNOWN


def test_an_ipv6_rule_does_not_concern_an_ipv4_address() -> None:
    odd = IpRule(id=UUID(int=9), network="2001:db8::/32", status="Authorized", description="")
    assert one(look(odd)).extent is Extent.NONE


def test_a_subject_that_is_no_address_has_no_reach() -> None:
    assert reach_of(Whole(), method=Method.MTLS, observation=look(OFFICE)) == ()


# --- the space of a database ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("services", "extent"),
    [
        (DataServices.CONFIRMED, Extent.WHOLE),
        (DataServices.WEB_ONLY, Extent.NONE),
        (DataServices.UNKNOWN, Extent.UNKNOWN),
        (DataServices.WAITING, Extent.UNKNOWN),
    ],
)
def test_a_range_of_the_space_counts_once_support_has_opened_data_services(
    services: DataServices, extent: Extent
) -> None:
    assert one(look(), in_space("198.51.100.0/24", services=services)).extent is extent


@pytest.mark.parametrize(
    ("services", "source", "maybe"),
    [
        (DataServices.UNKNOWN, "198.51.100.0/24", ["198.51.100.0/24"]),
        (DataServices.WAITING, "198.51.100.7/32", ["198.51.100.7/32"]),
        (DataServices.WEB_ONLY, "198.51.100.0/24", []),
        (DataServices.UNKNOWN, "0.0.0.0/0", []),
    ],
)
def test_a_range_that_may_concern_databases_is_kept_apart(
    services: DataServices, source: str, maybe: list[str]
) -> None:
    reach = one(look(), in_space(source, services=services))
    assert [entry.name for entry in reach.maybe] == maybe


def test_a_space_whose_list_was_never_read_leaves_it_unknown() -> None:
    unread = Nearby(space="acme-private", services=DataServices.CONFIRMED)
    assert one(look(), unread).extent is Extent.UNKNOWN


@pytest.mark.parametrize(
    ("nearby", "extent"),
    [
        (Nearby(space="acme-private", missing=True), Extent.UNKNOWN),
        (Nearby(space="acme-private"), Extent.UNKNOWN),
        (replace(in_space("198.51.100.0/24"), missing=True), Extent.UNKNOWN),
        (replace(in_space("0.0.0.0/0"), missing=True), Extent.UNKNOWN),
        (replace(in_space("203.0.113.0/24"), missing=True), Extent.NONE),
        (replace(in_space("198.51.100.0/24", services=DataServices.WEB_ONLY), missing=True), Extent.NONE),
        (replace(in_space("0.0.0.0/0", services=DataServices.UNKNOWN), missing=True), Extent.NONE),
        (in_space("0.0.0.0/0", "203.0.113.0/24", services=DataServices.UNKNOWN), Extent.NONE),
        (in_space("all", services=DataServices.WAITING), Extent.UNKNOWN),
        (
            replace(in_space(services=DataServices.UNKNOWN), ranges=ranges("198.51.100.0/24", applied=False)),
            Extent.NONE,
        ),
    ],
)
def test_a_space_that_is_missing_or_not_settled_leaves_unknown_what_its_list_may_allow(
    nearby: Nearby, extent: Extent
) -> None:
    assert one(look(), nearby).extent is extent
    assert one(look(OFFICE), nearby).extent is Extent.WHOLE


def test_a_range_of_ours_that_may_concern_databases_goes_with_its_own_grant() -> None:
    seen = replace(ranges(str(ONE)), ours=frozenset({str(ONE)}))
    grant = granted(request=6, method=Method.TRUSTED)
    nearby = replace(in_space(services=DataServices.UNKNOWN), ranges=seen, grants=(grant,))
    assert one(look(), nearby).without({5}).extent is Extent.UNKNOWN
    assert one(look(), nearby).without({6}).extent is Extent.NONE


def test_a_list_that_is_not_in_force_allows_nothing() -> None:
    stored = replace(in_space(), ranges=ranges("198.51.100.0/24", applied=False))
    assert one(look(), stored).extent is Extent.NONE


@pytest.mark.parametrize(
    "observation",
    [
        ranges("198.51.100.0/24", action="deny"),
        ranges(readable=False),
        ranges('{"source": "198.51.100.0/24"}', action=UNREADABLE),
        ranges('{"source": 7}', action=UNREADABLE),
        ranges("198.51.100.7/32", action="Allow"),
        ranges("all"),
        ranges("all", action="deny"),
    ],
)
def test_a_list_with_lines_of_unknown_meaning_leaves_it_unknown(observation: RulesetObservation) -> None:
    assert one(look(), replace(in_space(), ranges=observation)).extent is Extent.UNKNOWN


@pytest.mark.parametrize(("at", "oldest"), [(-5, -5), (5, 0)])
def test_the_age_is_that_of_the_oldest_list(at: int, oldest: int) -> None:
    read = replace(ranges("198.51.100.0/24"), at=NOW + timedelta(minutes=at))
    assert one(look(OFFICE), replace(in_space(), ranges=read)).at == NOW + timedelta(minutes=oldest)


# --- once something has ended --------------------------------------------------------------------------


def test_an_unmanaged_network_outlasts_the_grant_of_an_address_in_it() -> None:
    left = one(look(OFFICE, OURS, ours=frozenset({OURS.id})), Nearby(grants=(granted(),))).without({5})
    assert [(entry.name, entry.owned) for entry in left.entries] == [("198.51.100.0/24", False)]


def test_nothing_is_left_of_an_entry_that_one_grant_alone_needs() -> None:
    left = one(look(OURS, ours=frozenset({OURS.id})), Nearby(grants=(granted(),))).without({5})
    assert left.extent is Extent.NONE


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        (granted(request=6), True),
        (granted(request=6, state=GrantState.APPLYING), True),
        (granted(request=6, state=GrantState.ENDING), False),
        (granted(request=6, state=GrantState.INTERRUPTED), False),
        (granted(request=6, state=GrantState.WAITING), False),
        (granted(IPv4Network("198.51.100.8/32"), request=6), False),
        (granted(request=6, method=Method.TRUSTED), False),
    ],
)
def test_an_entry_stays_while_another_grant_needs_it(other: Grant, stays: bool) -> None:
    nearby = Nearby(grants=(granted(), other))
    left = one(look(OURS, ours=frozenset({OURS.id})), nearby).without({5})
    assert [entry.requests for entry in left.entries] == ([(6,)] if stays else [])


def test_a_wider_grant_of_others_outlasts_the_end_and_a_wider_one_that_ends_too_does_not() -> None:
    wide = granted(IPv4Network("198.51.100.0/24"), request=6)
    observation = look(OFFICE, OURS, ours=frozenset({OURS.id, OFFICE.id}))
    reach = one(observation, Nearby(grants=(granted(), wide)))
    assert [entry.requests for entry in reach.without({5}).entries] == [(6,)]
    assert reach.without({5, 6}).extent is Extent.NONE


def test_an_adopted_entry_stays_without_a_grant() -> None:
    adopted = frozenset({(Method.MTLS, str(ONE))})
    nearby = Nearby(grants=(granted(),), adopted=adopted)
    assert one(look(OURS, ours=frozenset({OURS.id})), nearby).without({5}).extent is Extent.WHOLE


def test_a_removal_by_address_takes_every_exact_entry_and_no_other() -> None:
    left = one(look(OFFICE, OURS)).without_removed(Method.MTLS)
    assert [entry.name for entry in left.entries] == ["198.51.100.0/24"]


@pytest.mark.parametrize("method", Method)
def test_a_removal_by_one_access_method_leaves_the_same_address_in_another_list(method: Method) -> None:
    reach = one(look(OURS), in_space(str(ONE)))
    left = {
        Method.MTLS: [Method.TRUSTED],
        Method.TRUSTED: [Method.MTLS],
        Method.PRIVATELINK: [Method.MTLS, Method.TRUSTED],
    }
    for after in (reach.without_removed(method), reach.without_exact(method)):
        assert sorted(entry.method for entry in after.entries) == sorted(left[method])


def test_a_removal_leaves_an_entry_that_a_grant_has_come_to_need() -> None:
    reach = one(look(OURS, OFFICE, ours=frozenset({OURS.id})), Nearby(grants=(granted(),)))
    assert [entry.name for entry in reach.without_removed(Method.MTLS).entries] == [
        str(ONE),
        str(OFFICE.network),
    ]
    assert [entry.name for entry in reach.without_exact(Method.MTLS).entries] == [str(OFFICE.network)]


@pytest.mark.parametrize(
    "observation", [ranges("203.0.113.0/24", action="deny"), ranges("203.0.113.7/32", action="Allow")]
)
def test_a_line_of_unknown_meaning_about_other_addresses_leaves_nothing_unknown(
    observation: RulesetObservation,
) -> None:
    assert one(look(), replace(in_space(), ranges=observation)).extent is Extent.NONE


def test_the_most_specific_entry_is_named_first_and_one_that_is_not_in_force_last() -> None:
    idle = replace(factories.rule("198.51.100.7/32", 8), status="Authorizing")
    reach = one(look(idle, OFFICE, factories.rule("198.51.100.0/28", 4)))
    assert [entry.name for entry in reach.entries] == [
        "198.51.100.0/28",
        "198.51.100.0/24",
        "198.51.100.7/32",
    ]


# --- AWS accounts, and spaces ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observation", "asked", "extents"),
    [
        (linked(A), (A,), [Extent.WHOLE]),
        (linked(A), (USER,), [Extent.WHOLE]),
        (linked(USER), (A,), [Extent.PART]),
        (linked("*"), (A, USER), [Extent.WHOLE, Extent.WHOLE]),
        (linked(B), (A, B), [Extent.NONE, Extent.WHOLE]),
        (linked(B), (USER,), [Extent.NONE]),
        (linked(A, status="Provisioning"), (A,), [Extent.NONE]),
        (linked(UNREADABLE), (A,), [Extent.UNKNOWN]),
        (replace(linked(A), status="Deprovisioning"), (A,), [Extent.NONE]),
        (replace(linked(A), status="Provisioning"), (A,), [Extent.NONE]),
        (PrivateLinkObservation(at=NOW, status=None), (A,), [Extent.NONE]),
        (None, (A,), [Extent.UNKNOWN]),
    ],
)
def test_each_account_is_judged_by_itself(
    observation: Observation | None, asked: tuple[str, ...], extents: list[Extent]
) -> None:
    found = reach_of(Accounts(asked), method=Method.PRIVATELINK, observation=observation)
    assert [reach.extent for reach in found] == extents


@pytest.mark.parametrize(
    ("extents", "together"),
    [
        ([Extent.WHOLE, Extent.WHOLE], Extent.WHOLE),
        ([Extent.WHOLE, Extent.NONE], Extent.PART),
        ([Extent.NONE, Extent.UNKNOWN], Extent.UNKNOWN),
        ([Extent.PART, Extent.UNKNOWN], Extent.PART),
        ([Extent.NONE, Extent.NONE], Extent.NONE),
    ],
)
def test_several_accounts_together(extents: list[Extent], together: Extent) -> None:
    arns = {Extent.WHOLE: A, Extent.PART: B, Extent.NONE: "arn:aws:iam::333333333333:root"}
    user = "arn:aws:iam::210987654321:user/etl"
    reaches = [
        next(iter(reach_of(Accounts((A,)), method=Method.PRIVATELINK, observation=None)))
        if extent is Extent.UNKNOWN
        else reach_of(Accounts((arns[extent],)), method=Method.PRIVATELINK, observation=linked(A, user))[0]
        for extent in extents
    ]
    assert [reach.extent for reach in reaches] == extents
    assert extent_of(reaches) is together


@pytest.mark.parametrize(
    ("sources", "extent"),
    [
        (("0.0.0.0/0",), Extent.WHOLE),
        (("198.51.100.0/24",), Extent.WHOLE),
        (("198.51.101.0/24",), Extent.NONE),
        (("2001:db8::/32",), Extent.NONE),
    ],
)
def test_a_space_is_judged_by_its_own_list_whatever_support_did(
    sources: tuple[str, ...], extent: Extent
) -> None:
    (reach,) = reach_of(ONE, method=Method.TRUSTED, observation=ranges(*sources))
    assert reach.extent is extent


# --- what a person lacks ---------------------------------------------------------------------------------


def certificate(status: str = "ready", days: int | None = 300, owner: str = "U0ENGINEER") -> KnownCertificate:
    return KnownCertificate(
        id=UUID(int=70), target=UUID(int=1), request=17, owner=owner, purpose="", name="host", status=status,
        expires_at=None if days is None else NOW + timedelta(days=days), first_seen_at=NOW, last_seen_at=NOW,
    )  # fmt: skip


OTHERS = Certificate(id=UUID(int=71), name="host", status="ready", expires_at=NOW + timedelta(days=300))
READ = replace(look(OURS), certificates=(OTHERS,), certificates_at=NOW)


@pytest.mark.parametrize(
    ("own", "observation", "standing"),
    [
        ((), READ, CertificateStanding.MISSING),
        ((), look(OURS), CertificateStanding.UNKNOWN),
        ((), None, CertificateStanding.UNKNOWN),
        ((certificate(),), READ, CertificateStanding.VALID),
        ((certificate(),), None, CertificateStanding.VALID),
        ((certificate(days=-1),), READ, CertificateStanding.EXPIRED),
        ((certificate(days=0),), READ, CertificateStanding.EXPIRED),
        ((certificate(days=None),), READ, CertificateStanding.UNKNOWN),
        ((certificate("pending", None),), READ, CertificateStanding.PENDING),
        ((certificate("disabled"),), READ, CertificateStanding.MISSING),
        ((certificate("disabling"),), READ, CertificateStanding.MISSING),
        ((certificate(days=-1), certificate("pending", None)), READ, CertificateStanding.PENDING),
        ((certificate(days=-1), certificate()), READ, CertificateStanding.VALID),
        ((replace(certificate(), absent_at=NOW),), READ, CertificateStanding.MISSING),
    ],
)
def test_a_person_is_judged_by_their_own_certificates(
    own: tuple[KnownCertificate, ...], observation: MtlsObservation | None, standing: CertificateStanding
) -> None:
    assert certificate_standing(own, observation, now=NOW) is standing


@pytest.mark.parametrize(
    ("observation", "own", "address", "lacks"),
    [
        (READ, (), Standing.HELD, Standing.LACKING),
        (READ, (certificate(),), Standing.HELD, Standing.HELD),
        (look(OURS), (), Standing.HELD, Standing.UNKNOWN),
        (look(), (certificate(),), Standing.LACKING, Standing.HELD),
        (None, (), Standing.UNKNOWN, Standing.UNKNOWN),
    ],
)
def test_mtls_needs_an_address_a_certificate_and_a_login_which_is_never_claimed(
    observation: MtlsObservation | None,
    own: tuple[KnownCertificate, ...],
    address: Standing,
    lacks: Standing,
) -> None:
    found = needs([one(observation)], method=Method.MTLS, certificates=own, observation=observation, now=NOW)
    assert found == {Need.ADDRESS: address, Need.CERTIFICATE: lacks, Need.LOGIN: Standing.UNKNOWN}


@pytest.mark.parametrize("method", [Method.PRIVATELINK, Method.TRUSTED])
def test_other_methods_need_no_certificate(method: Method) -> None:
    found = needs([one(look(OURS))], method=method, certificates=(), observation=None, now=NOW)
    assert Need.CERTIFICATE not in found
