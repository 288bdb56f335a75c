"""Presets of the policy: what a table may say, and what "policy check" finds that nobody could submit."""

import pytest

from bot.domain.method import Method
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy
from bot.policy.schema import COMMANDS
from handlers.parsing import command_table
from handlers.presets import input_of

BASE = """
approvals_channel = "C0123ABCD"

[targets.billing]
database = "billing-prod"
environment = "production"

[targets.whole]
space = "acme-private"
environment = "production"

[[rules]]
name = "production"
approvers = ["U0123ABCD"]
methods = ["mtls", "trusted"]
longest_duration = "2d"
widest = "/28"
"""

GOOD = """
[presets.etl]
target = "billing"
method = "mtls"
network = "198.51.100.7"
duration = "8h"
reason = "Nightly ETL: "
"""


def wrong(preset: str) -> str:
    with pytest.raises(MisconfiguredError) as caught:
        parse_policy(BASE + preset, source="p")
    return str(caught.value).removeprefix("p: ")


def test_a_preset_fills_in_all_that_it_has() -> None:
    (preset,) = parse_policy(BASE + GOOD, source="p").presets
    found = input_of(preset, "catching up")
    assert (preset.method, found.target, found.address) == (Method.MTLS, "billing", "198.51.100.7")
    assert (found.duration, found.reason) == ("8h", "Nightly ETL: catching up")


def test_a_preset_may_leave_to_people_all_but_where_and_how() -> None:
    text = BASE + '[presets.etl]\ntarget = "whole"\nmethod = "trusted"\n'
    (preset,) = parse_policy(text, source="p").presets
    found = input_of(preset)
    assert (found.address, found.duration, found.reason) == (None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"billing"', '"biling"', "presets.etl: target names biling, which [targets] does not have"),
        ('"billing"', '"whole"', "presets.etl: method mtls needs a database, which whole is not"),
        ('"mtls"', '"trusted"', "presets.etl: method trusted needs a space, which billing is not"),
        ('"mtls"', '"privatelink"', 'network: "198.51.100.7" cannot be requested'),
        ('"198.51.100.7"', '"10.0.0.1"', 'presets.etl: network: "10.0.0.1" cannot be requested'),
        ('"198.51.100.7"', '"198.51.100.0/24"', "wider than every rule allows (/28)"),
        ('"8h"', '"5d"', "presets.etl: duration (5d) is longer than every rule allows (2d)"),
        ('"8h"', '"8"', 'must be a duration such as "8h" or "2d"'),
        ('"Nightly ETL: "', '"a\\nb"', "on one line"),
        ("[presets.etl]", "[presets.list]", "is a word of the command grammar"),
        ("[presets.etl]", "[presets.forever]", "is a word of the command grammar"),
        ('network = "198.51.100.7"', 'adress = "198.51.100.7"', "the key adress is unknown"),
        ('target = "billing"\n', "", "target is missing"),
    ],
)
def test_what_nobody_could_submit_is_said_in_a_sentence(old: str, new: str, sentence: str) -> None:
    assert sentence in wrong(GOOD.replace(old, new))


def test_accounts_are_allowed_only_where_a_rule_allows_privatelink() -> None:
    link = GOOD.replace('"mtls"', '"privatelink"').replace("198.51.100.7", "123456789012")
    assert "no rule allows privatelink to billing (production)" in wrong(link)


def test_one_name_in_two_spellings_is_refused() -> None:
    assert "twice" in wrong(GOOD + GOOD.replace("presets.etl", "presets.ETL"))


def test_no_preset_can_have_the_name_of_a_command() -> None:
    assert {path[0] for path in command_table.COMMANDS} <= COMMANDS
