"""``pgaccess policy check`` and ``policy test``: they say what the rules that decide would do."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.policy import add_arguments, run
from bot.errors import MisconfiguredError

POLICY = """
approvals_channel = "C0123ABCD"
admins = ["S0ADMINS"]
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
    """The lines of ``pgaccess policy …``."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(words), {"PGACCESS_POLICY_TOML": text})


def test_a_right_policy_is_said_to_be_right_in_one_line() -> None:
    assert policy("check") == [
        "the policy is right: 3 rules, 1 of them denying; 1 database listed; "
        "requests are decided in C0123ABCD"
    ]
    least = 'approvals_channel = "C0123ABCD"\n[[rules]]\napprovers = ["U0123ABCD"]'
    assert policy("check", text=least)[0].startswith("the policy is right: 1 rule; no databases listed; ")


def test_who_may_ask_is_told_by_which_rule_and_on_which_terms() -> None:
    assert policy("test", "--as", "U0ENGINEER, S0ENGINEERS", "--on", "money") == [
        "U0ENGINEER, S0ENGINEERS → mtls on money (production)",
        'asking: allowed, by rule "production"',
        "decided by: 2 of U0LEAD, U0LEAD2; nobody decides on their own request",
        "lasts: 4h unless said otherwise, at most 2d, without an end if asked for",
        "extended without a new decision: by up to 2h in all",
        "widest network: /28",
        "reason: at least 10 characters",
        "undecided: over after 1d; approvers are reminded after 1h, 4h, 12h",
        "deciding for others: no",
        "ending anybody's access: no",
        "",
        "rule by rule:",
        '    "no contractors": does not match, it is for S0CONTRACTORS',
        '  → "production": the first that matches',
        '    "the rest": does not match, it is for default',
    ]


def test_who_is_denied_is_told_by_which_rule_though_another_would_allow_it() -> None:
    lines = policy("test", "--as", "U0OTHER,S0ENGINEERS,S0CONTRACTORS", "--on", "postgresql-curved-12345")
    assert 'asking: refused, rule "no contractors" denies it' in lines
    assert '  → "no contractors": matches and denies, which wins over every other' in lines
    assert '    "production": matches, but a rule that denies wins' in lines


def test_where_no_rule_matches_every_rule_says_why() -> None:
    lines = policy("test", "--as", "U0OTHER", "--on", "ledger", "--method", "trusted")
    assert lines[:2] == [
        "U0OTHER → trusted on ledger (default: the policy does not list it by this name)",
        "asking: refused, no rule allows it",
    ]
    assert lines[-3:] == [
        '    "no contractors": does not match, it is for production and is for S0CONTRACTORS',
        '    "production": does not match, it is for production and is for S0ENGINEERS',
        '    "the rest": does not match, it is for mtls, privatelink',
    ]


def test_another_environment_can_be_tried() -> None:
    lines = policy("test", "--as", "U0OTHER,S0ENGINEERS", "--on", "ledger", "--environment", "production")
    assert 'asking: allowed, by rule "production"' in lines
    moved = policy("test", "--as", "U0OTHER", "--on", "money", "--environment", "default")
    assert 'asking: allowed, by rule "the rest"' in moved


def test_for_trusted_ranges_it_is_a_space_that_is_asked_for() -> None:
    text = POLICY.replace(
        "[[rules]]", '[targets.whole]\nspace = "acme"\nenvironment = "production"\n[[rules]]', 1
    )
    listed = policy("test", "--as", "U0A,S0ENGINEERS", "--on", "whole", "--method", "trusted", text=text)
    assert listed[0] == "U0A, S0ENGINEERS → trusted on whole (production)"
    assert listed[1] == 'asking: allowed, by rule "production"'
    # A database of that name is another thing.
    unlisted = policy("test", "--as", "U0A", "--on", "money", "--method", "trusted", text=text)
    assert unlisted[0].endswith("(default: the policy does not list it by this name)")
    assert "1 database listed, 1 space too" in policy("check", text=text)[0]


def test_an_environment_that_no_database_is_in_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match=r"environment prod; there is default, production$"):
        policy("test", "--as", "U0OTHER", "--on", "money", "--environment", "prod")


def test_an_approver_learns_what_they_may_decide_and_that_their_own_request_would_wait_for_ever() -> None:
    lines = policy("test", "--as", "U0LEAD,S0ENGINEERS", "--on", "money")
    assert "            !! without them there are 1, so this could never be approved" in lines
    assert 'deciding for others: under rule "production"' in lines
    assert "ending anybody's access: what they may decide on, as an approver" in lines


def test_an_admin_may_end_any_access_and_asks_like_everybody() -> None:
    lines = policy("test", "--as", "U0OTHER,S0ADMINS", "--on", "money")
    assert "ending anybody's access: yes, as an admin" in lines
    assert "asking: refused, no rule allows it" in lines


@pytest.mark.parametrize(
    "words",
    [
        ["test", "--as", "engineer", "--on", "money"],
        ["test", "--as", ",", "--on", "money"],
        ["test", "--on", "money"],
        ["test", "--as", "U0OTHER"],
        ["test", "--as", "U0OTHER", "--on", "money", "--method", "vpn"],
        ["tets"],
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


def test_the_command_needs_no_other_setting_and_says_by_its_status_whether_all_is_right(
    tmp_path: Path,
) -> None:
    right = tmp_path / "right.toml"
    right.write_text(POLICY, encoding="utf-8")
    done = bot("check", str(right), cwd=tmp_path, PGACCESS_POLICY_TOML="nonsense")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the policy is right: 3 rules")
    (tmp_path / "pgaccess.toml").write_text(POLICY + "banana = 1", encoding="utf-8")
    failed = bot("test", "--as", "U0OTHER", "--on", "money", cwd=tmp_path)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.startswith('pgaccess: pgaccess.toml: rule "the rest": the key banana is unknown')
    assert failed.stderr.count("\n") == 1
