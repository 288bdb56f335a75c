"""The policy file: what it may say; and what is wrong, in a sentence that names the rule and the key."""

import contextlib
import tomllib
from dataclasses import replace
from datetime import date, timedelta
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bot.domain.method import Method
from bot.domain.networks.named import NamedNetwork
from bot.domain.policy.environments import Pattern, PolicyTarget
from bot.domain.policy.rules import Policy, Rule, WhenNobody, WhenOwnerLeaves
from bot.domain.policy.validation import contradictions
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy
from bot.policy.schema import COMMAND_WORDS, MatchKeys, NetworkKeys, PolicyKeys, RuleKeys, TargetKeys
from handlers.parsing.command_table import COMMANDS
from tests.unit.factories import POLICY, RULE

EXAMPLE = (Path(__file__).parents[3] / "pgaccess.example.toml").read_text(encoding="utf-8")
CHANNEL = 'approvals_channel = "C0123ABCD"\nunmatched = "default"\n'
RULES = '[[rules]]\nname = "all"\napprovers = ["U0123ABCD"]\n'
MINIMAL = CHANNEL + RULES
DENY = '[[rules]]\nname = "never"\ndeny = true\n'


def parse(text: str) -> Policy:
    return parse_policy(text, source="pgaccess.toml")


def wrong(text: str) -> str:
    """The sentence that a policy is refused with, without the name of the file."""
    with pytest.raises(MisconfiguredError) as caught:
        parse(text)
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 400
    assert sentence.startswith("pgaccess.toml")
    return sentence.removeprefix("pgaccess.toml").removeprefix(": ")


# --- what it says ----------------------------------------------------------------------------------


def test_the_least_policy_has_a_channel_and_one_rule_with_approvers() -> None:
    assert parse(MINIMAL) == Policy(
        approvals_channel="C0123ABCD",
        operations_channel="C0123ABCD",
        language="en",
        admins=frozenset(),
        warn_before=timedelta(minutes=30),
        targets=(),
        rules=(replace(RULE, name="all", approvers=frozenset({"U0123ABCD"})),),
        patterns=(),
        unmatched="default",
        when_nobody=WhenNobody.REFUSE,
        when_owner_leaves=WhenOwnerLeaves.ASK,
        pending_per_person=20,
    )


def test_what_nothing_covers_is_refused_unless_the_file_says_otherwise() -> None:
    covered = 'approvals_channel = "C0123ABCD"\n[targets.billing]\ndatabase = "acme"\n' + RULES
    assert parse(covered).unmatched is None
    assert parse(MINIMAL).unmatched == "default"
    assert (
        parse(
            MINIMAL.replace('"default"', '"refuse"').replace(RULES, "") + "[targets.a]\n"
            'database = "acme"\n' + RULES
        ).unmatched
        is None
    )


def test_two_texts_of_a_policy_have_two_digests_and_may_be_equal() -> None:
    one, other = parse(MINIMAL), parse(MINIMAL + "# a comment\n")
    assert one == other
    assert one.digest != other.digest
    assert len(one.digest) == 64


def test_the_example_says_everything_once_and_leaves_the_defaults_to_the_last_rule() -> None:
    policy = parse(EXAMPLE)
    denying, production, rest = policy.rules
    assert policy.targets == (
        PolicyTarget(alias="billing", database="postgresql-curved-12345", environment="production"),
        PolicyTarget(alias="reports", database="acme-reports-staging", environment="staging"),
        PolicyTarget(alias="whole", database="acme-private", environment="production", is_space=True),
    )
    assert denying.denies
    assert denying.methods == frozenset(Method)
    assert production == Rule(
        name="production",
        denies=False,
        environments=frozenset({"production"}),
        methods=None,
        requesters=frozenset({"S0789ENGR"}),
        approvers=frozenset({"U0123ABCD", "S0123LEAD"}),
        approvals=2,
        default_duration=timedelta(hours=4),
        longest_duration=timedelta(days=2),
        permanent=False,
        widest=28,
        minimum_reason=10,
        extend_alone=timedelta(hours=2),
        lapse_after=timedelta(hours=24),
        remind_after=(timedelta(hours=1), timedelta(hours=4), timedelta(hours=12)),
        on_behalf=True,
        ticket=r"[A-Z]+-\d+",
        ticket_link="https://tracker.example.com/{ticket}",
    )
    assert rest == replace(
        RULE,
        name="everything else",
        environments=frozenset({"default", "staging"}),
        approvers=frozenset({"U0123ABCD", "U0456EFGH"}),
    )
    assert policy.patterns == (
        Pattern(environment="staging", space="acme-*", app="*-staging", addon="postgresql-*"),
        Pattern(environment="default", space="acme-*"),
    )
    assert (policy.unmatched, policy.pending_per_person) == (None, 20)
    assert policy.groups == {"S0123ADMN", "S0123AUDT", "S0456CNTR", "S0789ENGR", "S0123LEAD"}


def test_the_example_has_every_key_and_explains_it_in_a_comment_above() -> None:
    said = tomllib.loads(EXAMPLE)
    rules = {key for rule in said["rules"] for key in rule}
    targets = {key for target in said["targets"].values() for key in target}
    patterns = {key for pattern in said["match"] for key in pattern}
    networks = {key for network in said["networks"].values() for key in network}
    models: list[tuple[set[str], type[BaseModel]]] = [
        (set(said), PolicyKeys),
        (rules, RuleKeys),
        (targets, TargetKeys),
        (patterns, MatchKeys),
        (networks, NetworkKeys),
    ]
    for keys, model in models:
        assert keys == set(model.model_fields)
    lines = EXAMPLE.splitlines()
    models_of_rows = (PolicyKeys, RuleKeys, TargetKeys, NetworkKeys, MatchKeys)
    for key in (key for model in models_of_rows for key in model.model_fields):
        first = next(at for at, line in enumerate(lines) if line.lstrip("[").startswith(key))
        # Two keys may share the comment above the first of them.
        assert lines[first - 1].startswith("#") or lines[first - 2].startswith("#"), key


def test_the_defaults_that_the_example_tells_in_words_are_the_defaults() -> None:
    told = (
        'approvals = 1, default_duration = "8h"',
        'longest_duration = "5d", permanent = false, widest = "/24", minimum_reason = 0, extend_alone = "0m"',
        'lapse_after = "24h", remind_after = ["1h", "4h", "12h"]',
    )
    assert all(line in EXAMPLE for line in told)
    keys = "\n".join(told).replace(", d", "\nd").replace(", p", "\np").replace(", w", "\nw")
    keys = keys.replace(", m", "\nm").replace(", e", "\ne").replace(", r", "\nr")
    assert parse(MINIMAL + keys) == parse(MINIMAL)


@pytest.mark.parametrize(
    ("lines", "proposed"),
    [
        ('approvers = ["U0123ABCD"]', "everything else"),
        ('environments = ["default"]\napprovers = ["U0123ABCD"]', "default"),
        ('environments = ["default"]\nmethods = ["mtls", "trusted"]\napprovers = ["U0123ABCD"]',
         "default mtls trusted"),
        ('deny = true\nenvironments = ["default"]', "no default"),
    ],
)  # fmt: skip
def test_a_rule_without_a_name_is_refused_with_a_name_that_it_could_have(lines: str, proposed: str) -> None:
    text = f"{CHANNEL}[[rules]]\n{lines}\n"
    assert wrong(text) == f'rule 1 needs a name: add, for example, name = "{proposed}"'
    named = text.replace("[[rules]]\n", f'[[rules]]\nname = "{proposed}"\n') + RULES
    with contextlib.suppress(MisconfiguredError):
        assert parse(named).rules[0].name == proposed


def test_a_proposed_name_is_one_that_no_other_rule_has() -> None:
    taken = '[[rules]]\nname = "everything else"\nmethods = ["mtls"]\napprovers = ["U0123ABCD"]\n'
    nameless = '[[rules]]\napprovers = ["U0123ABCD"]\n'
    assert wrong(CHANNEL + taken + nameless).endswith('for example, name = "everything else 2"')


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('widest = "/32"', "widest", 32),
        ('widest = "/1"', "widest", 1),
        ("widest = 28", "widest", 28),
        ('extend_alone = "0m"', "extend_alone", timedelta()),
        ('extend_alone = "0h"', "extend_alone", timedelta()),
        ('extend_alone = "0 D"', "extend_alone", timedelta()),
        ('extend_alone = "5d"', "extend_alone", timedelta(days=5)),
        ("remind_after = []", "remind_after", ()),
        ('remind_after = ["23h59m"]', "remind_after", (timedelta(hours=23, minutes=59),)),
        ("permanent = true", "permanent", True),
        ("deny = false", "denies", False),
        ('methods = ["mtls", "privatelink"]', "methods", frozenset({Method.MTLS, Method.PRIVATELINK})),
        ('requesters = ["U0123ABCD", "W0123ABCD", "S0123ABCD"]', "requesters",
         frozenset({"U0123ABCD", "W0123ABCD", "S0123ABCD"})),
        ('environments = ["default"]', "environments", frozenset({"default"})),
        ("minimum_reason = 200", "minimum_reason", 200),
    ],
)  # fmt: skip
def test_a_rule_says(line: str, key: str, value: object) -> None:
    assert getattr(parse(MINIMAL + line).rules[0], key) == value


def test_a_name_may_be_in_any_language_and_loses_blanks_around_it() -> None:
    assert parse(MINIMAL.replace('"all"', '" 本番 — 夜間 "')).rules[0].name == "本番 — 夜間"


def test_more_approvals_than_are_named_may_come_from_a_group() -> None:
    text = CHANNEL + '[[rules]]\nname = "all"\napprovers = ["U0123ABCD", "S0123ABCD"]\napprovals = 5\n'
    assert parse(text).rules[0].approvals == 5


def test_an_alias_in_japanese_is_kept_in_the_form_in_which_it_will_be_typed() -> None:
    targets = '[targets."売上ＤＢ"]\ndatabase = "acme-sales"\n'
    assert parse(CHANNEL + targets + RULES).targets[0].alias == "売上DB"


# --- keys that are wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the key approvals_channel is missing"),
        (RULES, "the key approvals_channel is missing"),
        (CHANNEL, "there is no rule: add [[rules]] with approvers"),
        (CHANNEL + "rules = []", "there is no rule: add [[rules]] with approvers"),
        (CHANNEL + "rules = [1]", "rules.0 must be a table"),
        (CHANNEL + "targets = 1\n" + RULES, "targets must be a table"),
        ('approvals_channel = "approvals"\nunmatched = "default"\n' + RULES,
         "approvals_channel must be a Slack channel id such as C0123ABCD, not approvals"),
        ('approvals_chanel = "C0123ABCD"\n' + RULES,
         "the key approvals_chanel is unknown; did you mean approvals_channel?"),
        ("banana = 1\n" + MINIMAL,
         "the key banana is unknown; known are approvals_channel, operations_channel, audit_channel, "
         "language, admins, auditors, reasons, warn_before, unmatched, when_nobody, when_owner_leaves, "
         "pending_per_person, ask_unmanaged, access_review, keep, match, targets, networks, presets, rules"),
        ('ask_unmanaged = ["production"]\n' + MINIMAL,
         "ask_unmanaged names production, and no database is in it; there is default"),
        ('ask_unmanaged = "default"\n' + MINIMAL, "ask_unmanaged: "),
        (MINIMAL + '[access_review]\nevry = "30d"', "the key evry is unknown; did you mean every?"),
        (MINIMAL + '[access_review]\nanswer_within = "0d"', "access_review.answer_within: must be a "),
        (MINIMAL + "[access_review]\nlonger_than = 30", "access_review.longer_than: must be a duration"),
        (MINIMAL + '[keep]\nmesages = "30d"', "the key mesages is unknown; did you mean messages?"),
        (MINIMAL + '[keep]\nmessages = "23h"', 'keep.messages: must be at least "1d", or "0d" for ever'),
        ("keep = 1\n" + MINIMAL, "keep must be a table"),
        ('approvers = ["U0123ABCD"]\n' + CHANNEL,
         "the key approvers belongs to a rule: move it below [[rules]]"),
        (MINIMAL + 'language = "ja"',
         'rule "all": the key language is a top-level key: move it above the first table'),
        (MINIMAL + "[approval]\nvotes = 2", "the key approval is unknown; known are "),
        ("operations_channel = 1\n" + MINIMAL, "operations_channel: "),
        ('language = "fr"\n' + MINIMAL, "language: Input should be 'en' or 'ja'"),
        ('admins = ["@lead"]\n' + MINIMAL,
         "admins.0 must be the Slack id of a user (U0123ABCD) or a user group (S0123ABCD), not @lead"),
        ('warn_before = "0m"\n' + MINIMAL, 'warn_before: must be a duration such as "8h" or "2d"'),
        ('warn_before = ["30m"]\n' + MINIMAL, "warn_before: must be a duration such as"),
        ('auditors = ["@auditor"]\n' + MINIMAL, "auditors.0 must be the Slack id of a user (U0123ABCD)"),
        ('reasons = "nobody"\n' + MINIMAL, "reasons: Input should be 'everyone' or 'approvers'"),
        ('when_nobody = "wait"\n' + MINIMAL, "when_nobody: Input should be 'refuse' or 'admins'"),
        ('when_owner_leaves = "keep"\n' + MINIMAL, "when_owner_leaves: Input should be 'end' or 'ask'"),
        ("pending_per_person = 0\n" + MINIMAL, "pending_per_person: "),
        ('pending_per_person = "20"\n' + MINIMAL, "pending_per_person: "),
        (MINIMAL.replace('"default"', '"two words"'), "unmatched: must be one word"),
        (MINIMAL.replace('"default"', '"Refuse"'),
         'unmatched: write "refuse" in lower case, or name an environment'),
        (MINIMAL.replace('unmatched = "default"', ""),
         "nothing could be requested: name databases and spaces in [targets] or by [[match]], or give all "
         'others an environment, for example unmatched = "default"'),
    ],
)  # fmt: skip
def test_at_the_top_what_is_wrong_is_named(text: str, sentence: str) -> None:
    assert wrong(text).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("aprovals = 2", "the key aprovals is unknown; did you mean approvals?"),
        ('approver = ["U0123ABCD"]', "the key approver is unknown; did you mean approvers?"),
        ("banana = 1", "the key banana is unknown; known are name, deny, environments, "),
        ('approvals = "2"', "approvals: "),
        ("approvals = 0", "approvals: "),
        ("approvals = true", "approvals: "),
        ('deny = "yes"', "deny: "),
        ("default_duration = 8", "default_duration: must be a duration such as"),
        ('default_duration = "8"', "default_duration: must be a duration such as"),
        ('default_duration = "0m"', "default_duration: must be a duration such as"),
        ('longest_duration = "500d"', "longest_duration: must be a duration such as"),
        ('lapse_after = "0h"', "lapse_after: must be a duration such as"),
        ('extend_alone = "never"', "extend_alone: must be a duration such as"),
        ('extend_alone = "0"', "extend_alone: must be a duration such as"),
        ('remind_after = "1h"', "remind_after: "),
        ('remind_after = ["1h", "soon"]', "remind_after.1: must be a duration such as"),
        ('widest = "/0"', 'widest: must be a prefix length from "/1" to "/32", such as "/28"'),
        ('widest = "/33"', "widest: must be a prefix length"),
        ("widest = 33", "widest: must be a prefix length"),
        ("widest = true", "widest: must be a prefix length"),
        ('widest = "28"', "widest: must be a prefix length"),
        ('widest = "255.255.255.0"', "widest: must be a prefix length"),
        ('minimum_reason = "10"', "minimum_reason: "),
        ("minimum_reason = -1", "minimum_reason: "),
        ("minimum_reason = 201", "minimum_reason: "),
        ("minimum_reason = true", "minimum_reason: "),
        ('methods = ["vpn"]', "methods.0: Input should be 'mtls', 'privatelink' or 'trusted'"),
        ("methods = []", "methods is empty: name at least one, or leave the key out"),
        ("environments = []", "environments is empty: name at least one, or leave the key out"),
        ('environments = ["prod uction"]', "environments.0: must be one word"),
        ("requesters = []", "requesters is empty: name at least one, or leave the key out"),
        (
            'requesters = ["U0123ABCD", "@lead"]',
            "requesters.1 must be the Slack id of a user (U0123ABCD)",
        ),
        ('requesters = ["u0123abcd"]', "requesters.0 must be the Slack id of a user (U0123ABCD)"),
    ],
)
def test_in_a_rule_what_is_wrong_is_named_with_the_rule(line: str, sentence: str) -> None:
    assert wrong(MINIMAL + line).startswith(f'rule "all": {sentence}')


@pytest.mark.parametrize("name", ["", "  ", "a`b", "a\\nb", "x" * 61])
def test_a_name_that_would_not_show_on_a_card_is_refused(name: str) -> None:
    assert "name: must be a name of at most 60 characters" in wrong(MINIMAL.replace('"all"', f'"{name}"'))


def test_a_rule_is_named_by_the_name_that_it_has() -> None:
    assert wrong(MINIMAL + "banana = 1").startswith('rule "all": the key banana is unknown')
    odd = MINIMAL.replace('"all"', "7")
    assert wrong(odd + "banana = 1").startswith('rule "rule 1": the key banana is unknown')


def test_a_name_with_the_word_that_joins_names_is_refused() -> None:
    sentence = 'rule "web + rest": a name cannot contain " + ", which joins the names of rules'
    assert wrong(MINIMAL.replace('"all"', '"web + rest"')) == sentence
    assert parse(MINIMAL.replace('"all"', '"web+rest"')).rules[0].name == "web+rest"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("[targets.billing]", "targets.billing needs either the key database or the key space"),
        (
            '[targets.acme]\ndatabase = "x"\nspace = "y"',
            "targets.acme needs either the key database or the key space",
        ),
        ('[targets.acme]\nspace = "two words"', "targets.acme.space: must be one word"),
        ('[targets.billing]\ndatabse = "x"', "the key databse is unknown; did you mean database?"),
        ('[targets.billing]\ndatabase = "two words"', "targets.billing.database: must be one word"),
        (
            '[targets.billing]\ndatabase = "x"\nenvironment = ""',
            "targets.billing.environment: must be one word",
        ),
        ('[targets.to]\ndatabase = "x"', "targets.to: is a word of the command grammar"),
        ('[targets.Mine]\ndatabase = "x"', "targets.Mine: is a word of the command grammar"),
        ('[targets."two words"]\ndatabase = "x"', "targets.two words: must be one word"),
        ('[targets."billing."]\ndatabase = "x"', "targets.billing.: must be one word"),
    ],
)
def test_of_a_database_what_is_wrong_is_named_with_its_alias(table: str, sentence: str) -> None:
    assert wrong(CHANNEL + table + "\n" + RULES).startswith(sentence)


def test_what_is_no_toml_is_said_to_be_none_and_where() -> None:
    sentence = wrong("approvals_channel = C0123ABCD")
    assert sentence.startswith(" is not valid TOML: ")
    assert "line 1" in sentence


# --- keys that contradict each other ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('default_duration = "6d"', "default_duration (6d) is longer than longest_duration (5d)"),
        ('longest_duration = "7h"', "default_duration (8h) is longer than longest_duration (7h)"),
        ('extend_alone = "6d"', "extend_alone (6d) is longer than longest_duration (5d)"),
        ('default_duration = "30m"', "default_duration (30m) is not longer than warn_before (30m)"),
        ("approvals = 2", "approvals (2) is more than there are approvers (1)"),
        ('remind_after = ["1h", "1h"]', "remind_after does not grow from one reminder to the next"),
        ('remind_after = ["4h", "1h"]', "remind_after does not grow from one reminder to the next"),
        ('lapse_after = "12h"', "remind_after (12h) is not before lapse_after (12h)"),
        ('remind_after = ["2d"]', "remind_after (2d) is not before lapse_after (1d)"),
        ('environments = ["production"]',
         "environments names production, and no database is in it; there is default"),
        ('deny = true', "a denying rule cannot have approvers"),
    ],
)  # fmt: skip
def test_a_rule_that_contradicts_itself_is_named(lines: str, sentence: str) -> None:
    assert wrong(MINIMAL + lines).startswith(f'rule "all": {sentence}')


def test_every_key_that_only_allows_is_refused_beside_deny() -> None:
    idle = set(RuleKeys.model_fields) - {"name", "deny", "environments", "methods", "requesters"}
    for line in EXAMPLE.splitlines():
        key = line.partition(" ")[0]
        if key in idle:
            idle.discard(key)
            assert (
                wrong(CHANNEL + DENY + f"{line}\n" + RULES)
                == f'rule "never": a denying rule cannot have {key}'
            )
    assert not idle


def test_the_same_approver_twice_is_one() -> None:
    text = MINIMAL.replace('["U0123ABCD"]', '["U0123ABCD", "U0123ABCD"]\napprovals = 2')
    assert "approvals (2) is more than there are approvers (1)" in wrong(text)


def test_a_rule_that_allows_needs_approvers() -> None:
    for line in ("permanent = true", "approvers = []"):
        text = MINIMAL.replace('approvers = ["U0123ABCD"]', line)
        assert wrong(text).startswith('rule "all": the key approvers is missing')


def test_a_policy_in_which_everything_is_denied_is_refused() -> None:
    assert wrong(CHANNEL + DENY).startswith("every rule denies, so nobody could request anything")


def test_two_rules_of_one_name_are_refused_in_any_case() -> None:
    named = CHANNEL + '[[rules]]\nname = "ALL"\nmethods = ["mtls"]\napprovers = ["U0123ABCD"]\n'
    assert wrong(named + RULES) == 'rules 1 and 2 have one name, "all"'


@pytest.mark.parametrize(
    ("one", "other", "sentence"),
    [
        (("billing", "a"), ("Billing", "b"), "targets.billing and targets.Billing have one name"),
        (("one", "acme"), ("two", "Acme"), "targets.one and targets.two are one database, Acme"),
        (
            ("one", "two"),
            ("two", "three"),
            "targets.two has the name of another database, the one of targets.one",
        ),
        (
            ("two", "three"),
            ("one", "two"),
            "targets.two has the name of another database, the one of targets.one",
        ),
    ],
)
def test_databases_that_could_be_mistaken_for_each_other_are_refused(
    one: tuple[str, str], other: tuple[str, str], sentence: str
) -> None:
    tables = "".join(f'[targets.{alias}]\ndatabase = "{name}"\n' for alias, name in (one, other))
    assert wrong(CHANNEL + tables + RULES).startswith(sentence)


def test_a_space_has_an_alias_and_an_environment_as_a_database_has() -> None:
    tables = '[targets.acme]\nspace = "acme-private"\nenvironment = "production"\n'
    found = parse(CHANNEL + tables + RULES).targets
    assert found == (
        PolicyTarget(alias="acme", database="acme-private", environment="production", is_space=True),
    )


def test_a_space_and_a_database_may_have_one_name_but_not_one_alias() -> None:
    tables = '[targets.one]\nspace = "acme"\n[targets.two]\ndatabase = "acme"\n'
    assert len(parse(CHANNEL + tables + RULES).targets) == 2
    mixed = '[targets.one]\nspace = "acme"\n[targets.acme]\ndatabase = "x"\n'
    assert wrong(CHANNEL + mixed + RULES).startswith("targets.acme has the name of another space")


def test_an_alias_may_be_the_name_of_its_own_database() -> None:
    tables = '[targets.billing]\ndatabase = "billing"\nenvironment = "production"\n'
    assert parse(CHANNEL + tables + RULES).targets[0].alias == "billing"


# --- environments by pattern -----------------------------------------------------------------------


def matched(*tables: str, unmatched: str = "default") -> str:
    """A policy with patterns, of which each has its keys on lines of its own."""
    channel = f'approvals_channel = "C0123ABCD"\nunmatched = "{unmatched}"\n'
    return channel + "".join(f"[[match]]\n{table}\n" for table in tables) + RULES


def test_a_pattern_has_an_environment_and_globs_over_names() -> None:
    globs = 'space = "acme-*"\napp = "*-prod"\naddon = "postgresql-[0-9]?"\n'
    assert parse(matched(f'{globs}environment = "production"')).patterns == (
        Pattern(environment="production", space="acme-*", app="*-prod", addon="postgresql-[0-9]?"),
    )


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('environment = "production"', "match 1 needs at least one of the keys space, app and addon"),
        ('space = "acme-*"', "match 1: the key environment is missing"),
        ('spaces = "acme-*"\nenvironment = "x"', "match 1: the key spaces is unknown; did you mean space?"),
        ('database = "x"\nenvironment = "x"', "match 1: the key database is unknown; known are "),
        ('space = ""\nenvironment = "x"', 'match 1: space: must be a glob such as "acme-*"'),
        ('app = "two words"\nenvironment = "x"', 'match 1: app: must be a glob such as "acme-*"'),
        ('app = ["a", "b"]\nenvironment = "x"', "match 1: app: "),
        ('app = "a*"\nenvironment = "two words"', "match 1: environment: must be one word"),
        ('app = "a*"\nenvironment = "refuse"', 'no environment can be called "refuse"'),
        ('app = "a*"\nenvironment = "REFUSE"', 'no environment can be called "refuse"'),
    ],
)
def test_of_a_pattern_what_is_wrong_is_named_with_its_place(table: str, sentence: str) -> None:
    assert wrong(matched(table)).startswith(sentence)


def test_no_target_and_no_rule_can_name_the_environment_that_refuses() -> None:
    target = '[targets.billing]\ndatabase = "acme"\nenvironment = "refuse"\n'
    assert wrong(CHANNEL + target + RULES).startswith('no environment can be called "refuse"')
    assert wrong(MINIMAL + 'environments = ["refuse"]').startswith('no environment can be called "refuse"')


STAGING = 'app = "*-staging"\nenvironment = "staging"'


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('app = "*-staging"', 'app = "*-staging"'),
        ('app = "*-STAGING"', 'app = "acme-staging"'),
        ('app = "acme-*"', 'app = "acme-??-*"'),
        ('app = "acme-*"', 'app = "acme-[ab]*"'),
        ('app = "*"', 'app = "acme-*"\nspace = "private-*"'),
        ('space = "acme-*"', 'space = "acme-*"\napp = "billing"'),
        ('space = "*"', 'space = "acme-private"'),
    ],
)
def test_a_pattern_behind_one_that_matches_all_it_does_is_refused(earlier: str, later: str) -> None:
    text = matched(f'{earlier}\nenvironment = "one"', f'{later}\nenvironment = "two"')
    assert wrong(text) == "match 2 can never count: match 1 goes before it and matches all it does"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ('app = "acme-*"', 'app = "*"'),
        ('app = "acme-?"', 'app = "acme-*"'),
        ('app = "acme-[ab]"', 'app = "acme-[abc]"'),
        ('app = "*-prod"', 'app = "*-staging"'),
        # A space has no app, so that only the second one matches it.
        ('space = "acme-*"\napp = "*"', 'space = "acme-*"'),
        ('addon = "*"', 'space = "acme-*"'),
    ],
)
def test_an_earlier_pattern_that_misses_some_of_it_leaves_it_its_part(earlier: str, later: str) -> None:
    text = matched(f'{earlier}\nenvironment = "one"', f'{later}\nenvironment = "two"')
    assert len(parse(text).patterns) == 2


def test_an_environment_of_patterns_only_is_one_that_rules_can_name() -> None:
    rule = '[[rules]]\nname = "staging"\nenvironments = ["staging"]\napprovers = ["U0123ABCD"]\n'
    assert parse(matched(STAGING, unmatched="refuse").replace(RULES, rule)).rules
    other = rule.replace('["staging"]', '["production"]')
    assert wrong(matched(STAGING, unmatched="refuse").replace(RULES, other)) == (
        'rule "staging": environments names production, and no database is in it; there is staging'
    )


# --- rules that can never count --------------------------------------------------------------------

BROAD = replace(RULE, name="broad")
NO = replace(RULE, name="no", denies=True, approvers=frozenset())
NARROW = replace(
    RULE,
    name="narrow",
    environments=frozenset({"default"}),
    methods=frozenset({Method.MTLS}),
    requesters=frozenset({"S0ENGINEERS"}),
)
LISTED = PolicyTarget(alias="billing", database="acme", environment="production")


def found(*rules: Rule, targets: tuple[PolicyTarget, ...] = (LISTED,)) -> list[str]:
    return list(contradictions(replace(POLICY, rules=rules, targets=targets)))


def test_a_rule_behind_one_that_matches_all_it_does_is_named_with_that_one() -> None:
    assert found(BROAD, NARROW) == [
        'rule "narrow" can never count: rule "broad" goes before it and matches all it does'
    ]


def test_the_special_before_the_general_is_how_rules_are_written() -> None:
    assert found(NARROW, BROAD) == []


@pytest.mark.parametrize(
    "earlier",
    [
        replace(BROAD, environments=frozenset({"production"})),
        replace(BROAD, methods=frozenset({Method.TRUSTED})),
        replace(BROAD, requesters=frozenset({"U0SOMEBODY"})),
        replace(BROAD, requesters=frozenset({"S0OTHERS"})),
    ],
)
def test_an_earlier_rule_that_misses_some_of_it_leaves_it_its_part(earlier: Rule) -> None:
    assert found(earlier, NARROW) == []


def test_naming_everything_there_is_counts_as_everything() -> None:
    every = replace(BROAD, environments=frozenset({"default", "production"}), methods=frozenset(Method))
    assert found(every, replace(RULE, name="rest")) == [
        'rule "rest" can never count: rule "broad" goes before it and matches all it does'
    ]


def test_a_rule_that_denies_shadows_also_those_before_it() -> None:
    assert found(NARROW, replace(NARROW, name="deny", denies=True), BROAD) == [
        'rule "narrow" can never count: rule "deny" goes before it and matches all it does'
    ]


def test_a_rule_that_denies_is_not_shadowed_by_one_that_allows() -> None:
    assert found(BROAD, replace(NARROW, denies=True)) == []


def test_of_two_rules_that_deny_the_second_may_be_idle() -> None:
    both = (replace(NO, methods=frozenset({Method.MTLS})), replace(NARROW, denies=True), BROAD)
    assert found(*both) == ['rule "narrow" can never count: rule "no" goes before it and matches all it does']


# --- networks --------------------------------------------------------------------------------------


def network(name: str = "office", ranges: str = '"198.51.100.0/28"', more: str = "") -> str:
    return MINIMAL + f"[networks.{name}]\nranges = [{ranges}]\n{more}"


def test_a_network_has_ranges_and_may_say_where_and_when_they_were_read() -> None:
    policy = parse(network(more='source = "https://example.com/ip"\nas_of = 2026-11-01\n'))
    assert policy.networks == (
        NamedNetwork(
            name="office",
            ranges=(IPv4Network("198.51.100.0/28"),),
            source="https://example.com/ip",
            as_of=date(2026, 11, 1),
        ),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (network(ranges='"10.0.0.0/8"'), "strict spelling (address private)"),
        (network(ranges='"198.51.100.4/28"'), "strict spelling (address host bits)"),
        (network(ranges='"office.example.com"'), "strict spelling (address host name)"),
        (network(ranges="5"), "strict spelling (no text)"),
        (network(ranges=""), "networks.office.ranges is empty: name at least one"),
        (network(more='source = "http://example.com"'), "must be an https:// address"),
        (network(more='as_of = "yesterday"'), "networks.office.as_of: "),
        (network(more="range = 1"), "the key range is unknown; did you mean ranges?"),
        (network(name="add"), "networks.add: is a word of a command"),
        (network(name="me"), "networks.me: is a word of a command"),
        (network(name='"203.0.113.4"'), "networks.203.0.113.4: looks like an address"),
        (network(name='"two words"'), "must be one word"),
        (
            network() + '[networks.Office]\nranges = ["203.0.113.0/28"]',
            "networks.office and networks.Office have one",
        ),
        (
            network() + '[targets.office]\ndatabase = "acme"',
            "networks.office and targets.office have one name",
        ),
        (network(ranges='"198.51.100.0/28", "198.51.100.4"'), "198.51.100.0/28 and 198.51.100.4/32 overlap"),
        (
            network() + '[networks.vpn]\nranges = ["198.51.100.0/29"]',
            "networks.vpn (198.51.100.0/29) overlap",
        ),
        (network(ranges='"198.51.0.0/16"'), "198.51.0.0/16 is wider than any rule allows; the widest is /24"),
    ],
)
def test_a_network_that_could_not_be_asked_for_is_refused_by_name(text: str, sentence: str) -> None:
    assert sentence in wrong(text)


def test_no_word_of_a_command_is_the_name_of_a_network() -> None:
    assert {word for path in COMMANDS for word in path} <= COMMAND_WORDS


# --- anything at all -------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["8h", "U0123ABCD", "/28"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        *(*PolicyKeys.model_fields, *RuleKeys.model_fields),
        *(*TargetKeys.model_fields, *MatchKeys.model_fields, *NetworkKeys.model_fields, "banana"),
    ]
)


def toml(value: object) -> str:
    """A value as TOML; JSON's strings are TOML's, and None has no spelling."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case str():
            return '"' + "".join(f"\\U{ord(char):08X}" for char in value) + '"'
    return str(value if value is not None else 0)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_values_at_all_are_a_policy_or_refused_in_a_sentence(
    top: dict[str, object], rule: dict[str, object]
) -> None:
    lines = [f"{key} = {toml(value)}" for key, value in top.items() if key != "rules"]
    lines += ["[[rules]]", *(f"{key} = {toml(value)}" for key, value in rule.items())]
    with contextlib.suppress(MisconfiguredError):
        assert parse("\n".join(lines)).rules
