"""``pgaccess policy check``, ``test`` and ``matrix``: they show what the rules that decide would do."""

import argparse
import csv
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from bot.cli.policy import add_arguments, run
from bot.domain.method import Method
from bot.domain.policy.rules import rule_for
from bot.domain.target import Space
from bot.errors import MisconfiguredError, Refused
from bot.policy.loader import parse_policy
from tests.unit.factories import database

POLICY = """
approvals_channel = "C0123ABCD"
admins = ["S0ADMINS"]
unmatched = "default"
[targets.money]
database = "postgresql-curved-12345"
environment = "production"
[[rules]]
name = "no contractors"
deny = true
environments = ["production"]
requesters = ["S0CONTRACTORS"]
[[rules]]
name = "production"
environments = ["production"]
requesters = ["S0ENGINEERS"]
approvers = ["U0LEAD", "U0LEAD2"]
approvals = 2
default_duration = "4h"
longest_duration = "2d"
permanent = true
widest = "/28"
minimum_reason = 10
extend_alone = "2h"
[[rules]]
name = "the rest"
environments = ["default"]
methods = ["mtls", "privatelink"]
approvers = ["S0LEADS"]
remind_after = []
"""


def policy(*words: str, text: str = POLICY) -> list[str]:
    """The lines of ``pgaccess policy …``, without a store."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    answer = run(parser.parse_args(words), {"PGACCESS_POLICY_TOML": text})
    assert not answer.wrong
    return list(answer.lines)


def test_a_valid_policy_is_summed_up_in_one_line() -> None:
    assert policy("check") == [
        "policy is valid: 3 rules (1 denying); 1 database listed; all others are default; "
        "requests are decided in C0123ABCD",
        "DATABASE_URL is not set, so only the file was checked",
    ]
    least = 'approvals_channel = "C0123ABCD"\n[[rules]]\nname = "all"\napprovers = ["U0123ABCD"]'
    other = '\n[[match]]\nspace = "acme-*"\nenvironment = "default"\n'
    assert policy("check", text=least + other)[0].startswith(
        "policy is valid: 1 rule; no databases listed, 1 pattern; all others are refused; "
    )


def test_who_may_request_sees_the_rule_and_its_terms() -> None:
    assert policy("test", "--as", "U0ENGINEER, S0ENGINEERS", "--on", "money") == [
        "U0ENGINEER, S0ENGINEERS → mtls on money (production, by targets.money)",
        'may request: yes, by rule "production"',
        "approved by: 2 of U0LEAD, U0LEAD2, never the requester",
        "duration: 4h by default, at most 2d, permanent on request",
        "extension without approval: up to 2h in total",
        "widest network: /28",
        "reason: at least 10 characters",
        "undecided requests: lapse after 1d; reminders after 1h, 4h, 12h",
        "may approve: no",
        "may end others' access: no",
        "",
        "rules:",
        '    "no contractors": does not match: only for S0CONTRACTORS',
        '  → "production": first match',
        '    "the rest": does not match: only for default',
    ]


def test_a_denying_rule_is_named_although_another_would_allow_it() -> None:
    lines = policy("test", "--as", "U0OTHER,S0ENGINEERS,S0CONTRACTORS", "--on", "postgresql-curved-12345")
    assert 'may request: no, denied by rule "no contractors"' in lines
    assert '  → "no contractors": matches and denies, which overrides every other rule' in lines
    assert '    "production": matches, but a denying rule overrides it' in lines


def test_where_no_rule_matches_each_gives_its_reason() -> None:
    lines = policy("test", "--as", "U0OTHER", "--on", "ledger", "--method", "trusted")
    assert lines[:2] == [
        "U0OTHER → trusted on ledger (default, by unmatched)",
        "may request: no, no rule matches",
    ]
    assert lines[-3:] == [
        '    "no contractors": does not match: only for production; only for S0CONTRACTORS',
        '    "production": does not match: only for production; only for S0ENGINEERS',
        '    "the rest": does not match: only for mtls, privatelink',
    ]


def test_another_environment_can_be_simulated() -> None:
    lines = policy("test", "--as", "U0OTHER,S0ENGINEERS", "--on", "ledger", "--environment", "production")
    assert 'may request: yes, by rule "production"' in lines
    moved = policy("test", "--as", "U0OTHER", "--on", "money", "--environment", "default")
    assert 'may request: yes, by rule "the rest"' in moved


def test_trusted_ip_ranges_are_requested_for_a_space() -> None:
    text = POLICY.replace(
        "[[rules]]", '[targets.whole]\nspace = "acme"\nenvironment = "production"\n[[rules]]', 1
    )
    listed = policy("test", "--as", "U0A,S0ENGINEERS", "--on", "whole", "--method", "trusted", text=text)
    assert listed[0] == "U0A, S0ENGINEERS → trusted on whole (production, by targets.whole)"
    assert listed[1] == 'may request: yes, by rule "production"'
    # A database of that name is another thing.
    unlisted = policy("test", "--as", "U0A", "--on", "money", "--method", "trusted", text=text)
    assert unlisted[0].endswith("(default, by unmatched)")
    assert "1 database and 1 space listed" in policy("check", text=text)[0]


def test_an_environment_that_no_database_is_in_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match=r"environment prod; known are default, production$"):
        policy("test", "--as", "U0OTHER", "--on", "money", "--environment", "prod")


def test_an_approver_sees_what_they_may_approve_and_that_their_own_request_never_could_be() -> None:
    lines = policy("test", "--as", "U0LEAD,S0ENGINEERS", "--on", "money")
    assert "             !! only 1 besides the requester can approve, so it is never granted" in lines
    assert 'may approve: under rule "production"' in lines
    assert "may end others' access: yes, where they may approve" in lines


def test_an_admin_may_end_any_access_and_requests_like_everybody_else() -> None:
    lines = policy("test", "--as", "U0OTHER,S0ADMINS", "--on", "money")
    assert "may end others' access: yes, as an admin" in lines
    assert "may request: no, no rule matches" in lines


# --- patterns and spaces ---------------------------------------------------------------------------

PATTERNS = POLICY.replace('unmatched = "default"', "").replace(
    "[[rules]]",
    """[targets.whole]
space = "acme-private"
environment = "default"
[[match]]
space = "acme-*"
app = "*-prod"
environment = "production"
[[match]]
addon = "postgresql-*"
environment = "default"
[[rules]]""",
    1,
)


def first_line(*words: str) -> str:
    return policy("test", "--as", "U0A,S0ENGINEERS", *words, text=PATTERNS)[0].partition(" → ")[2]


def test_the_entry_or_the_pattern_that_gave_the_environment_is_named() -> None:
    assert (
        first_line("--on", "money", "--app", "billing-prod") == "mtls on money (production, by targets.money)"
    )
    matched = first_line("--on", "billing-prod", "--space", "acme-private", "--addon", "postgresql-1")
    assert matched == "mtls on billing-prod (production, by match 1)"
    addon = first_line("--on", "postgresql-1", "--app", "billing-prod", "--space", "other")
    assert addon == "mtls on postgresql-1 (default, by match 2)"
    simulated = first_line("--on", "ledger", "--environment", "production")
    assert simulated == "mtls on ledger (production, simulated)"


def test_what_nothing_covers_is_said_to_be_refused() -> None:
    assert policy("test", "--as", "U0A", "--on", "ledger", "--space", "acme-private", text=PATTERNS) == [
        "U0A → mtls on ledger (in no environment)",
        'may request: no, no entry and no pattern of the policy covers ledger (unmatched = "refuse")',
    ]


TRUSTED = ("--method", "trusted", "--on", "whole")


def test_a_space_is_judged_by_the_databases_inside_and_each_is_named_with_its_origin() -> None:
    text = PATTERNS.replace('methods = ["mtls", "privatelink"]', "")
    inside = ("--inside", "money", "--inside", "postgresql-7")
    lines = policy("test", "--as", "U0A,S0ENGINEERS", *TRUSTED, *inside, text=text)
    assert lines[:5] == [
        "U0A, S0ENGINEERS → trusted on whole (default, postgresql-7 by match 2, by targets.whole; "
        "production, postgresql-curved-12345 by targets.money)",
        'may request: yes, by the strictest of the rules "the rest" and "production"',
        'approved by: 1 of S0LEADS, never the requester (rule "the rest")',
        '        and: 2 of U0LEAD, U0LEAD2, never the requester (rule "production")',
        "duration: 4h by default, at most 2d, never permanent",
    ]
    assert [line for line in lines if line.startswith("  →")] == [
        '  → "production": first match',
        '  → "the rest": first match',
    ]
    denied = policy("test", "--as", "U0A,S0CONTRACTORS", *TRUSTED, *inside, text=text)
    assert 'may request: no, denied by rule "no contractors"' in denied
    assert 'by rule "the rest"' in policy("test", "--as", "U0A,S0CONTRACTORS", *TRUSTED, text=text)[1]


def test_a_space_is_refused_for_one_database_inside_that_nothing_covers() -> None:
    lines = policy("test", "--as", "U0A", *TRUSTED, "--inside", "money", "--inside", "ledger", text=PATTERNS)
    assert "covers ledger" in lines[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--on", "money", "--inside", "ledger"], "--inside is about a space"),
        ([*TRUSTED, "--app", "ledger"], "--space, --app and --addon are about a database"),
        ([*TRUSTED, "--space", "ledger"], "--space, --app and --addon are about a database"),
    ],
)
def test_options_that_do_not_fit_the_method_are_refused(words: list[str], sentence: str) -> None:
    with pytest.raises(MisconfiguredError, match=sentence):
        policy("test", "--as", "U0A", *words, text=PATTERNS)


def test_what_is_simulated_is_what_the_rules_decide() -> None:
    parsed = parse_policy(PATTERNS, source="the test")
    inside = [
        replace(database("billing-prod"), name="postgresql-1"),
        replace(database("x"), name="postgresql-2"),
    ]
    whole = Space(id=UUID(int=9), name="acme-private", region="", shield=False)
    for ids in ((), ("S0ENGINEERS",), ("S0CONTRACTORS",), ("S0ENGINEERS", "S0CONTRACTORS")):
        shown = policy(
            *("test", "--as", ",".join(("U0A", *ids)), *TRUSTED),
            *("--inside", "billing-prod", "--inside", "postgresql-2"),
            text=PATTERNS,
        )[1]
        try:
            rule_for(parsed, target=whole, method=Method.TRUSTED, ids=("U0A", *ids), inside=inside)
        except Refused:
            assert shown.startswith("may request: no"), ids
        else:
            assert shown.startswith("may request: yes"), ids


# --- the matrix --------------------------------------------------------------------------------------


def table(*words: str, text: str = POLICY) -> list[dict[str, str]]:
    """The matrix as CSV, by column."""
    return list(csv.DictReader(policy("matrix", "--format", "csv", *words, text=text)))


def test_the_matrix_has_a_row_for_each_environment_method_and_requester_that_a_rule_names() -> None:
    rows = table()
    keys = [(row["environment"], row["method"], row["requesters"]) for row in rows]
    named = ("everybody", "S0CONTRACTORS", "S0ENGINEERS")
    assert keys == [
        (environment, method, requester)
        for environment in ("default", "production")
        for method in ("mtls", "privatelink", "trusted")
        for requester in named
    ]


def test_a_row_of_the_matrix_says_the_terms_a_denial_or_that_no_rule_matches() -> None:
    rows = {(row["environment"], row["method"], row["requesters"]): row for row in table()}
    assert rows["production", "mtls", "S0ENGINEERS"] == {
        "environment": "production",
        "method": "mtls",
        "requesters": "S0ENGINEERS",
        "may": "yes",
        "rule": "production",
        "approvals": "2",
        "approvers": "U0LEAD U0LEAD2",
        "default": "4h",
        "longest": "2d",
        "permanent": "yes",
        "widest": "/28",
        "reason": "10+",
        "lapses": "1d",
    }
    denied = rows["production", "trusted", "S0CONTRACTORS"]
    assert (denied["may"], denied["rule"], denied["approvers"]) == ("denied", "no contractors", "")
    silent = rows["default", "trusted", "everybody"]
    assert (silent["may"], silent["rule"]) == ("no", "")


def test_every_row_of_the_matrix_is_what_a_request_would_meet() -> None:
    parsed = parse_policy(POLICY, source="the test")
    names = {"default": "ledger", "production": "postgresql-curved-12345"}
    for row in table():
        method = Method(row["method"])
        if method.on_space:
            continue
        ids = () if row["requesters"] == "everybody" else (row["requesters"],)
        target = replace(database("any"), name=names[row["environment"]])
        try:
            met = rule_for(parsed, target=target, method=method, ids=ids).name
        except Refused as refused:
            met = str(refused.params.get("rule", ""))
        assert row["rule"] == met, row


def test_the_matrix_as_text_is_aligned_and_joins_requesters_who_share_a_row() -> None:
    lines = policy("matrix")
    rows = lines[1 : lines.index("")]
    assert lines[0].split() == [
        *("environment", "method", "requesters", "may", "rule", "approvals", "approvers"),
        *("default", "longest", "permanent", "widest", "reason", "lapses"),
    ]
    at = lines[0].index("may")
    assert {row[at:].split()[0] for row in rows} == {"yes", "no", "denied"}
    # Whom everybody includes is not named beside it.
    assert [row.split()[2] for row in rows if row.startswith("default")] == ["everybody"] * 3
    assert [row.split()[2] for row in rows if row.startswith("production   mtls")] == [
        "everybody",
        "S0CONTRACTORS",
        "S0ENGINEERS",
    ]
    assert "refuse" not in lines[-1]
    refusing = policy("matrix", text=PATTERNS)
    assert 'Targets that no entry and no pattern covers: refused (unmatched = "refuse").' in refusing


# --- the command line --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["test", "--as", "engineer", "--on", "money"],
        ["test", "--as", ",", "--on", "money"],
        ["test", "--on", "money"],
        ["test", "--as", "U0OTHER"],
        ["test", "--as", "U0OTHER", "--on", "money", "--method", "vpn"],
        ["tets"],
        ["matrix", "--format", "xml"],
        [],
    ],
)
def test_arguments_that_are_wrong_are_refused_before_the_policy_is_read(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        policy(*words, text="nonsense")
    assert left.value.code == 2
    assert "error: " in capsys.readouterr().err


def bot(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The real command line, with no setting but those given."""
    command = [sys.executable, "-m", "bot", "policy", *words]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[3]), **environ}
    return subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_command_needs_no_other_setting_and_its_exit_status_tells_whether_the_policy_is_valid(
    tmp_path: Path,
) -> None:
    right = tmp_path / "right.toml"
    right.write_text(POLICY, encoding="utf-8")
    done = bot("check", str(right), cwd=tmp_path, PGACCESS_POLICY_TOML="nonsense")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("policy is valid: 3 rules (1 denying)")
    (tmp_path / "pgaccess.toml").write_text(POLICY + "banana = 1", encoding="utf-8")
    failed = bot("test", "--as", "U0OTHER", "--on", "money", cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.startswith('pgaccess: pgaccess.toml: rule "the rest": the key banana is unknown')
    assert failed.stderr.count("\n") == 1
