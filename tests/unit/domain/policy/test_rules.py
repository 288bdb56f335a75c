"""The policy: who may request, how long, how wide, with what reason, and who decides."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.method import Method
from bot.domain.policy.approval import require_approver
from bot.domain.policy.environments import Pattern, PolicyTarget
from bot.domain.policy.limits import allowed_duration, require_reason, require_width
from bot.domain.policy.rules import Policy, Rule, WhenOwnerLeaves, rule_for, rules_concerning
from bot.domain.policy.stand_in import PolicyState, stand_in, state_of
from bot.domain.target import Database, Space, choose, choose_space
from bot.errors import Refusal, Refused
from tests.unit.factories import NOW, POLICY, RULE, database

MINUTE = timedelta(minutes=1)
BILLING = replace(database("billing"), name="postgresql-curved-1")
LEDGER = replace(database("ledger", 2), name="postgresql-flat-2")
SECOND = replace(database("ledger", 3), name="postgresql-round-3")
PRODUCTION = PolicyTarget(alias="money", database="postgresql-curved-1", environment="production")


def app(
    *rules: Rule, targets: tuple[PolicyTarget, ...] = (PRODUCTION,), admins: tuple[str, ...] = ()
) -> Policy:
    return replace(POLICY, rules=rules, targets=targets, admins=frozenset(admins))


def counts(policy: Policy, *ids: str, on: Database = BILLING) -> str:
    """The name of the rule under which somebody may ask for an IP rule."""
    return rule_for(policy, target=on, method=Method.MTLS, ids=ids).name


def refused(policy: Policy, *ids: str, on: Database = BILLING) -> Refused:
    """The refusal of somebody who may not."""
    with pytest.raises(Refused) as caught:
        counts(policy, *ids, on=on)
    return caught.value


# --- a policy that cannot be read ------------------------------------------------------------------

STATE = PolicyState(
    digest="d",
    approvals_channel="C0APPROVALS",
    operations_channel="C0OPERATIONS",
    language="ja",
    warn_before=timedelta(minutes=20),
    when_owner_leaves=WhenOwnerLeaves.END,
)


def test_without_a_readable_policy_nothing_is_allowed_and_that_is_the_reason() -> None:
    unreadable = stand_in(STATE, problem="the key banana is unknown")
    assert refused(unreadable, "U0ENGINEER").reason is Refusal.POLICY_UNREADABLE
    with pytest.raises(Refused) as caught:
        rules_concerning(unreadable, target=BILLING, method=Method.MTLS, inside=())
    assert caught.value.reason is Refusal.POLICY_UNREADABLE
    assert not unreadable.is_admin({"U0LEAD"})


def test_what_stands_in_for_a_policy_has_its_channels_language_and_warning() -> None:
    unreadable = stand_in(STATE, problem="the key banana is unknown")
    assert state_of(unreadable) == STATE
    policy = replace(POLICY, digest="d", language="ja", when_owner_leaves=WhenOwnerLeaves.END)
    assert state_of(replace(policy, warn_before=timedelta(minutes=20))) == STATE
    assert (unreadable.readable, unreadable.problem) == (False, "the key banana is unknown")


# --- who may ask -----------------------------------------------------------------------------------


def test_the_first_rule_that_matches_counts() -> None:
    policy = app(replace(RULE, name="first"), replace(RULE, name="second"))
    assert counts(policy, "U0ENGINEER") == "first"


@pytest.mark.parametrize(
    ("limits", "matches"),
    [
        ({}, True),
        ({"environments": frozenset({"production"})}, True),
        ({"environments": frozenset({"default"})}, False),
        ({"methods": frozenset({Method.MTLS, Method.TRUSTED})}, True),
        ({"methods": frozenset({Method.PRIVATELINK})}, False),
        ({"requesters": frozenset({"U0ENGINEER"})}, True),
        ({"requesters": frozenset({"S0ENGINEERS"})}, True),
        ({"requesters": frozenset({"S0CONTRACTORS"})}, False),
        ({"requesters": frozenset()}, False),
        ({"environments": frozenset({"production"}), "methods": frozenset({Method.TRUSTED})}, False),
    ],
)
def test_a_rule_matches_by_environment_and_method_and_person_or_group(
    limits: dict[str, Any], matches: bool
) -> None:
    policy = app(replace(RULE, name="special", **limits), replace(RULE, name="rest"))
    assert counts(policy, "U0ENGINEER", "S0ENGINEERS") == ("special" if matches else "rest")


def test_what_no_rule_allows_is_refused() -> None:
    policy = app(replace(RULE, requesters=frozenset({"S0OTHERS"})))
    for silent in (policy, app()):
        found = refused(silent, "U0ENGINEER")
        assert (found.reason, found.params) == (Refusal.POLICY_SILENT, {"app": "billing"})


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_rule_that_denies_wins_wherever_it_stands(place: int) -> None:
    rules = [replace(RULE, name="one"), replace(RULE, name="two")]
    rules.insert(place, replace(RULE, name="not here", denies=True, environments=frozenset({"production"})))
    found = refused(app(*rules), "U0ENGINEER")
    assert (found.reason, found.params) == (Refusal.POLICY_DENIES, {"app": "billing", "rule": "not here"})
    assert counts(app(*rules), "U0ENGINEER", on=LEDGER) == "one"


def test_the_first_of_two_rules_that_deny_is_named() -> None:
    policy = app(RULE, replace(RULE, name="a", denies=True), replace(RULE, name="b", denies=True))
    assert refused(policy, "U0ENGINEER").params["rule"] == "a"


IDS = st.frozensets(st.sampled_from(["U0A", "U0B", "S0X", "S0Y"]), max_size=3)
RULES = st.builds(
    replace,
    st.just(RULE),
    name=st.text("ab", min_size=1, max_size=3),
    denies=st.booleans(),
    environments=st.none() | st.frozensets(st.sampled_from(["production", "default"]), min_size=1),
    methods=st.none() | st.frozensets(st.sampled_from(Method), min_size=1),
    requesters=st.none() | IDS,
)


@given(st.lists(RULES, max_size=5), IDS, st.sampled_from(Method), st.sampled_from([BILLING, LEDGER]))
def test_the_first_that_matches_counts_unless_one_that_matches_denies(
    rules: list[Rule], ids: frozenset[str], method: Method, on: Database
) -> None:
    policy = app(*rules)

    def is_for(rule: Rule) -> bool:
        return (
            policy.environments(on) <= (rule.environments or {"production", "default"})
            and method in (rule.methods or Method)
            and (rule.requesters is None or bool(rule.requesters & ids))
        )

    matching = [rule for rule in rules if is_for(rule)]
    if not matching or any(rule.denies for rule in matching):
        with pytest.raises(Refused) as caught:
            rule_for(policy, target=on, method=method, ids=ids)
        assert (caught.value.reason is Refusal.POLICY_DENIES) == bool(matching)
    else:
        assert rule_for(policy, target=on, method=method, ids=ids) is matching[0]


# --- what the policy knows -------------------------------------------------------------------------


def test_a_database_is_listed_by_its_name_before_its_app_and_in_any_case() -> None:
    by_app = PolicyTarget(alias="app", database="Billing", environment="staging")
    assert app(targets=(by_app,)).environments(BILLING) == {"staging"}
    assert app(targets=(by_app, PRODUCTION)).environments(BILLING) == {"production"}
    assert app(targets=(PRODUCTION,)).environments(LEDGER) == {"default"}


def test_a_space_is_listed_as_such_and_never_by_a_database_of_its_name() -> None:
    space = Space(id=UUID(int=9), name="acme", region="virginia", shield=False)
    twin = PolicyTarget(alias="db", database="acme", environment="staging")
    listed = PolicyTarget(alias="whole", database="Acme", environment="production", is_space=True)
    assert app(targets=(twin,)).environments(space) == {"default"}
    assert app(targets=(twin, listed)).environments(space) == {"production"}


def test_the_groups_that_have_to_be_known_are_those_that_are_named_anywhere() -> None:
    policy = app(
        replace(RULE, approvers=frozenset({"U0LEAD", "S0LEADS"}), requesters=frozenset({"S0ENGINEERS"})),
        replace(RULE, requesters=None),
        admins=("U0ADMIN", "S0ADMINS"),
    )
    assert policy.groups == {"S0LEADS", "S0ENGINEERS", "S0ADMINS"}


def test_an_admin_is_one_by_their_own_id_or_by_a_group() -> None:
    policy = app(admins=("U0ADMIN", "S0ADMINS"))
    assert policy.is_admin(["U0ADMIN"])
    assert policy.is_admin(["U0SOMEBODY", "S0ADMINS"])
    assert not policy.is_admin(["U0SOMEBODY"])


def test_an_auditor_is_named_like_an_admin_and_admins_see_what_auditors_see() -> None:
    policy = replace(app(admins=("U0ADMIN",)), auditors=frozenset({"U0AUDITOR", "S0AUDITORS"}))
    for ids, is_one in (
        (["U0AUDITOR"], True),
        (["U0X", "S0AUDITORS"], True),
        (["U0ADMIN"], True),
        (["U0X"], False),
    ):
        assert policy.is_auditor(ids) is is_one
    assert not policy.is_admin(["U0AUDITOR"])
    assert "S0AUDITORS" in policy.groups
    assert "U0AUDITOR" in policy.people


def test_a_rule_is_found_by_its_name_as_long_as_the_policy_has_it() -> None:
    assert POLICY.rule_named("everything") is POLICY.rules[0]
    assert POLICY.rule_named("gone") is None


# --- which database --------------------------------------------------------------------------------

HEROKU = (BILLING, LEDGER, SECOND)


@pytest.mark.parametrize(
    ("word", "chosen"),
    [
        ("billing", BILLING),
        ("BILLING", BILLING),
        ("postgresql-flat-2", LEDGER),
        ("money", BILLING),
        ("Money", BILLING),
        ("二", SECOND),
    ],
)
def test_a_database_is_meant_by_its_alias_its_name_or_its_apps(word: str, chosen: Database) -> None:
    assert choose(HEROKU, word, {"money": frozenset({BILLING.id}), "二": frozenset({SECOND.id})}) == chosen


def test_an_alias_goes_before_an_app_that_somebody_named_like_it() -> None:
    assert choose(HEROKU, "ledger", {"ledger": frozenset({BILLING.id})}) == BILLING


def test_the_name_of_an_add_on_goes_before_another_app_of_that_name() -> None:
    namesake = replace(database("postgresql-curved-1", 4), name="postgresql-other-4")
    assert choose((namesake, BILLING), "postgresql-curved-1") == BILLING


def test_one_database_needs_no_name() -> None:
    assert choose((BILLING,), None) == BILLING


@pytest.mark.parametrize(
    ("databases", "word", "refusal", "params"),
    [
        ((), "billing", Refusal.TARGET_NONE, {}),
        ((), None, Refusal.TARGET_NONE, {}),
        (HEROKU, None, Refusal.TARGET_MISSING, {"known": "ledger, money", "example": "ledger"}),
        (HEROKU, "ledger", Refusal.TARGET_AMBIGUOUS,
         {"word": "ledger", "known": "postgresql-flat-2, postgresql-round-3"}),
        (HEROKU, "monye", Refusal.TARGET_UNKNOWN,
         {"word": "monye", "known": "ledger, money", "example": "money"}),
        (HEROKU, "banana", Refusal.TARGET_UNKNOWN, {"known": "ledger, money", "example": "ledger"}),
        (HEROKU, "gone", Refusal.TARGET_UNKNOWN, {"known": "ledger, money"}),
        (HEROKU, "", Refusal.TARGET_UNKNOWN, {"word": "…"}),
    ],
)  # fmt: skip
def test_what_is_not_one_database_is_refused_with_the_nearest_name_as_example(
    databases: tuple[Database, ...], word: str | None, refusal: Refusal, params: dict[str, str]
) -> None:
    with pytest.raises(Refused) as caught:
        choose(databases, word, {"money": frozenset({BILLING.id}), "gone": frozenset()})
    assert caught.value.reason is refusal
    assert {name: str(caught.value.params[name]) for name in params} == params


# --- how long --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "allowed"),
    [
        (None, RULE.default_duration),
        (MINUTE, MINUTE),
        (timedelta(hours=9), timedelta(hours=9)),
        (RULE.longest_duration, RULE.longest_duration),
    ],
)
def test_a_duration_up_to_the_longest_is_allowed_and_none_is_the_default(
    requested: timedelta | None, allowed: timedelta
) -> None:
    assert allowed_duration(RULE, now=NOW, requested=requested, until=None) == allowed


@pytest.mark.parametrize("left", [timedelta(seconds=1), timedelta(hours=3), RULE.longest_duration])
def test_an_end_within_the_longest_counts_alone(left: timedelta) -> None:
    assert allowed_duration(RULE, now=NOW, requested=None, until=NOW + left) is None


@pytest.mark.parametrize(
    ("requested", "left", "refusal"),
    [
        (RULE.longest_duration + MINUTE, None, Refusal.DURATION_TOO_LONG),
        (None, RULE.longest_duration + timedelta(seconds=1), Refusal.DURATION_TOO_LONG),
        (None, timedelta(), Refusal.END_PAST),
        (None, -MINUTE, Refusal.END_PAST),
    ],
)
def test_too_long_and_over_before_it_begins_are_refused(
    requested: timedelta | None, left: timedelta | None, refusal: Refusal
) -> None:
    with pytest.raises(Refused) as caught:
        allowed_duration(RULE, now=NOW, requested=requested, until=None if left is None else NOW + left)
    assert caught.value.reason is refusal


def test_who_asks_for_too_long_is_told_what_is_allowed() -> None:
    with pytest.raises(Refused) as caught:
        allowed_duration(RULE, now=NOW, requested=timedelta(days=6), until=None)
    assert caught.value.params == {"longest": RULE.longest_duration}


# --- how wide, and why -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("widest", "network"),
    [(24, "203.0.113.0/24"), (24, "203.0.113.4/32"), (32, "203.0.113.4/32"), (1, "128.0.0.0/1")],
)
def test_a_network_up_to_the_widest_is_allowed(widest: int, network: str) -> None:
    require_width(replace(RULE, widest=widest), [IPv4Network(network)])


@pytest.mark.parametrize(
    ("widest", "network"), [(24, "203.0.112.0/23"), (32, "203.0.113.4/31"), (28, "203.0.113.0/24")]
)
def test_a_wider_network_is_refused_with_the_widest_that_would_do(widest: int, network: str) -> None:
    with pytest.raises(Refused) as caught:
        require_width(replace(RULE, widest=widest), [IPv4Network("198.51.100.4/32"), IPv4Network(network)])
    assert caught.value.reason is Refusal.ADDRESS_WIDER_THAN_POLICY
    assert caught.value.params == {"given": network, "widest": widest}


@pytest.mark.parametrize(
    ("least", "reason"), [(0, ""), (3, "fix"), (3, "quarterly migration"), (3, "月次の")]
)
def test_a_reason_of_enough_characters_will_do(least: int, reason: str) -> None:
    require_reason(replace(RULE, minimum_reason=least), reason)


@pytest.mark.parametrize(("least", "reason"), [(1, ""), (3, "no"), (3, "月次")])
def test_a_shorter_reason_is_refused_with_the_least_that_would_do(least: int, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        require_reason(replace(RULE, minimum_reason=least), reason)
    assert (caught.value.reason, caught.value.params) == (Refusal.REASON_SHORT, {"least": least})


# --- who decides -----------------------------------------------------------------------------------

LED = replace(RULE, approvers=frozenset({"U0LEAD", "S0LEADS"}))


@pytest.mark.parametrize("ids", [{"U0LEAD"}, {"U0OTHER", "S0LEADS"}, {"U0LEAD", "S0LEADS", "S0ENGINEERS"}])
def test_every_approver_decides_on_what_others_ask(ids: set[str]) -> None:
    require_approver(LED, ids=ids, parties=["U0ENGINEER"], request=17)


@pytest.mark.parametrize("ids", [{"U0COLLEAGUE"}, {"U0COLLEAGUE", "S0ENGINEERS"}])
def test_whoever_is_no_approver_decides_nothing(ids: set[str]) -> None:
    with pytest.raises(Refused) as caught:
        require_approver(LED, ids=ids, parties=["U0ENGINEER"], request=17)
    assert (caught.value.reason, caught.value.params) == (Refusal.APPROVER_NOT, {"id": 17})


@pytest.mark.parametrize("ids", [{"U0LEAD"}, {"U0ENGINEER", "S0LEADS"}, {"U0ENGINEER"}])
def test_nobody_decides_on_their_own_request_approver_or_not(ids: set[str]) -> None:
    requester = next(id for id in ids if id.startswith("U"))
    with pytest.raises(Refused) as caught:
        require_approver(LED, ids=ids, parties=[requester], request=17)
    assert caught.value.reason is Refusal.APPROVER_SELF


# --- which space -----------------------------------------------------------------------------------

ACME = Space(id=UUID(int=21), name="acme-private", region="virginia", shield=False)
OTHER = Space(id=UUID(int=22), name="other-private", region="tokyo", shield=False)


@pytest.mark.parametrize("word", ["acme-private", "ACME-private", "whole", BILLING.app, BILLING.name])
def test_a_space_is_meant_by_its_alias_its_name_or_a_database_inside(word: str) -> None:
    inside = replace(BILLING, space="acme-private")
    aliases = {"whole": frozenset({ACME.id})}
    assert choose_space((OTHER, ACME), (inside,), word, aliases) == ACME


def test_an_alias_of_a_database_means_its_space() -> None:
    inside = replace(BILLING, space="other-private")
    assert choose_space((ACME, OTHER), (inside,), "money", {"money": frozenset({BILLING.id})}) == OTHER


def test_one_space_needs_no_name() -> None:
    assert choose_space((ACME,), (), None) == ACME


def test_a_word_that_means_two_spaces_is_refused() -> None:
    mine = replace(BILLING, app="billing", space=ACME.name, space_id=ACME.id)
    theirs = replace(LEDGER, name="billing", app="other", space=OTHER.name, space_id=OTHER.id)
    with pytest.raises(Refused):
        choose_space((OTHER, ACME), (mine, theirs), "billing")


@pytest.mark.parametrize(
    ("spaces", "word", "reason"),
    [
        ((), None, Refusal.SPACE_NONE),
        ((ACME, OTHER), None, Refusal.SPACE_MISSING),
        ((ACME, OTHER), "acme-privat", Refusal.SPACE_UNKNOWN),
    ],
)
def test_what_is_no_space_is_refused(spaces: tuple[Space, ...], word: str | None, reason: Refusal) -> None:
    with pytest.raises(Refused) as caught:
        choose_space(spaces, (), word)
    assert caught.value.reason is reason
    assert caught.value.params.get("example", "acme-private") == "acme-private"


def test_a_space_matches_only_patterns_that_say_nothing_of_apps_and_add_ons() -> None:
    space = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)
    assert Pattern(environment="x", space="acme-*").matches(space)
    assert not Pattern(environment="x", space="acme-*", app="*").matches(space)
    assert not Pattern(environment="x", addon="*").matches(space)
