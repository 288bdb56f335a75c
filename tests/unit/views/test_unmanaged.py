"""Unmanaged entries on a status: since when, ignored until when, and the way to decide, by access method."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from bot.domain.method import Method
from bot.domain.privatelink.observation import AllowedAccount, PrivateLinkObservation
from bot.domain.target import Space
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from bot.i18n.translator import Translator
from bot.ports import DatabaseStatus, Message, SpaceStatus
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.views import action_ids, database_status
from bot.views.trusted_ips import status as trusted_status
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG

EN: Final = Translator("en")
ARN: Final = "arn:aws:iam::123456789012:root"
RANGE: Final = "192.0.2.0/24"
RULE: Final = factories.rule("192.0.2.7/32", 7)
SPACE: Final = Space(id=UUID(int=90), name="acme-private", region="virginia", shield=False)
NAMES: Final = {Method.MTLS: str(RULE.id), Method.PRIVATELINK: ARN, Method.TRUSTED: RANGE}
SUBJECTS: Final = {Method.MTLS: "192.0.2.7/32", Method.PRIVATELINK: ARN, Method.TRUSTED: RANGE}


def recorded(method: Method, *, ignored: bool = False, because: str = "it is known") -> UnmanagedEntry:
    entry = UnmanagedEntry(
        id=1,
        target=SPACE.id if method is Method.TRUSTED else factories.database().id,
        method=method,
        entry=NAMES[method],
        subject=SUBJECTS[method],
        description="",
        created_by="",
        first_seen_at=NOW - timedelta(days=3),
    )
    if not ignored:
        return entry
    until = NOW + timedelta(days=30)
    return replace(entry, ignored_until=until, ignored_by="U0LEAD", ignored_because=because)


def status(method: Method, *entries: UnmanagedEntry, language: str = "en") -> Message:
    """The status of a database or a space with one entry that others made."""
    t = Translator(language)
    if method is Method.TRUSTED:
        ruleset = Ruleset(
            id=UUID(int=5), rules=(RulesetRule("allow", RANGE),), applied=True, by="a@example.com"
        )
        seen = RulesetObservation(at=NOW, ruleset=ruleset, ours=frozenset())
        of_space = SpaceStatus(
            space=SPACE,
            observation=seen,
            open=(),
            services=DataServices.UNKNOWN,
            unmanaged=entries,
            now=NOW,
        )
        shown = trusted_status.status(of_space, t)
    else:
        link = PrivateLinkObservation(
            at=NOW, status="Operational", service="s", accounts=(AllowedAccount(arn=ARN, status="Active"),)
        )
        shown = database_status.status(
            DatabaseStatus(
                database=factories.database(),
                observation=factories.look(*([RULE] if method is Method.MTLS else [])),
                open=(),
                mine=(),
                now=NOW,
                link=link if method is Method.PRIVATELINK else None,
                unmanaged=entries,
            ),
            t,
        )
    samples.require_valid(shown, answers=True)
    return shown


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("ignored", [True, False])
def test_a_row_says_since_when_and_until_when_and_leads_to_the_decision(
    method: Method, ignored: bool, language: str
) -> None:
    t = Translator(language)
    shown = status(method, recorded(method, ignored=ignored), language=language)
    content = samples.content(shown)
    assert t("status.unmanaged.since", since=NOW - timedelta(days=3)) in content
    assert (t.date(NOW + timedelta(days=30)) in content) is ignored
    assert ("<@U0LEAD>" in content) is ignored
    (button,) = samples.actions(list(shown.blocks))
    assert button == f"{action_ids.FINDING_CHOOSE}.{method}"


@pytest.mark.parametrize("method", Method)
def test_a_row_of_what_is_recorded_for_no_time_yet_is_as_it_was(method: Method) -> None:
    shown = status(method)
    assert "seen since" not in samples.content(shown)
    assert samples.actions(list(shown.blocks)) == []


@pytest.mark.parametrize("method", Method)
def test_an_entry_of_another_list_or_name_says_nothing_of_a_row(method: Method) -> None:
    other = next(each for each in Method if each is not method)
    assert "seen since" not in samples.content(status(method, recorded(other)))
    assert "seen since" not in samples.content(status(method, replace(recorded(method), entry="another")))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("method", Method)
def test_however_long_a_reason_is_a_status_stays_valid(method: Method, language: str) -> None:
    status(method, recorded(method, ignored=True, because=LONG), language=language)


def test_what_a_button_names_is_read_back() -> None:
    value = action_ids.finding_list_value(str(SPACE.id), Method.TRUSTED)
    assert action_ids.read_finding_list(value) == (SPACE.id, Method.TRUSTED)
    for wrong in ("", "x.mtls", f"{SPACE.id}", f"{SPACE.id}.telnet"):
        with pytest.raises(ValueError, match=r".+"):
            action_ids.read_finding_list(wrong)
