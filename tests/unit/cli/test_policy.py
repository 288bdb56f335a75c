"""``pgaccess policy check`` and ``policy test``: they show what the rules that decide would do."""

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
    """The lines of ``pgaccess policy …``."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(words), {"PGACCESS_POLICY_TOML": text})


def test_a_valid_policy_is_summed_up_in_one_line() -> None:
    assert policy("check") == [
        "policy is valid: 3 rules (1 denying); 1 database listed; requests are decided in C0123ABCD"
    ]
    least = 'approvals_channel = "C0123ABCD"\n[[rules]]\nname = "all"\napprovers = ["U0123ABCD"]'
    assert policy("check", text=least)[0].startswith("policy is valid: 1 rule; no databases listed; ")


def test_who_may_request_sees_the_rule_and_its_terms() -> None:
    assert policy("test", "--as", "U0ENGINEER, S0ENGINEERS", "--on", "money") == [
        "U0ENGINEER, S0ENGINEERS → mtls on money (production)",
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
        "U0OTHER → trusted on ledger (default, not listed in the policy)",
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
    assert listed[0] == "U0A, S0ENGINEERS → trusted on whole (production)"
    assert listed[1] == 'may request: yes, by rule "production"'
    # A database of that name is another thing.
    unlisted = policy("test", "--as", "U0A", "--on", "money", "--method", "trusted", text=text)
    assert unlisted[0].endswith("(default, not listed in the policy)")
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
