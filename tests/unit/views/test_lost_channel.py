"""What is said of a lost channel is true of that channel: requests wait in the approvals channel alone."""

from dataclasses import replace
from uuid import UUID

import pytest

from bot.domain.policy.rules import Policy
from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage
from bot.views.render import render
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples

EN, JA = Translator("en"), Translator("ja")
DIRECTLY = {EN: "shown to approvers directly", JA: "承認者に直接送ります"}
NAMED = {EN: "name another one in the policy", JA: "ポリシーで別のチャンネルを指定してください"}
ONE_CHANNEL = replace(POLICY, operations_channel=POLICY.approvals_channel)
UNREADABLE = replace(POLICY, readable=False)


def said(kind: MessageKind, channel: str, t: Translator, policy: Policy, **more: str) -> str:
    message = OutboxMessage(
        id=1,
        lease=UUID(int=1),
        kind=kind,
        recipient="U0LEAD",
        request=None,
        channel=None,
        place=None,
        posting_since=None,
        version=1,
        attempts=0,
        params={"channel": channel, "error": "is_archived", "since": NOW.isoformat(), **more},
    )
    return str(samples.content(render(message, None, t=t, policy=policy)))


@pytest.mark.parametrize("t", [EN, JA])
@pytest.mark.parametrize(
    ("channel", "policy", "directly", "named"),
    [
        (POLICY.approvals_channel, POLICY, True, True),
        (POLICY.approvals_channel, ONE_CHANNEL, True, True),
        (POLICY.operations_channel, POLICY, False, True),
        ("C0FORMER", POLICY, False, False),
        (POLICY.operations_channel, ONE_CHANNEL, False, False),
        (POLICY.approvals_channel, UNREADABLE, False, True),
        ("C0FORMER", UNREADABLE, False, True),
    ],
)
def test_only_of_the_approvals_channel_it_is_said_that_requests_wait_there(
    t: Translator, channel: str, policy: Policy, directly: bool, named: bool
) -> None:
    found = said(MessageKind.CHANNEL_LOST, channel, t, policy)
    assert f"<#{channel}>" in found
    assert (DIRECTLY[t] in found) is directly
    assert (NAMED[t] in found) is named


@pytest.mark.parametrize("t", [EN, JA])
@pytest.mark.parametrize("channel", [POLICY.approvals_channel, POLICY.operations_channel, "C0FORMER"])
def test_what_is_over_says_the_same_of_every_channel(t: Translator, channel: str) -> None:
    over = said(MessageKind.CHANNEL_LOST, channel, t, POLICY, until=NOW.isoformat())
    back = said(MessageKind.CHANNEL_BACK, channel, t, POLICY)
    assert DIRECTLY[t] not in over + back
    assert over != back
