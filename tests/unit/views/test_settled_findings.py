"""A message about a finding says that it was so, once it is over."""

from typing import Final
from uuid import UUID

import pytest

from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage
from bot.ports.assertions import TOPICS, Topic
from bot.views.render import render
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES
from tests.unit.views.test_whole_sentences import Watching, require_whole

FINDINGS: Final = [kind for kind, topic in TOPICS.items() if topic is Topic.FINDING]
PARAMS: Final = {
    **{"app": "billing", "network": "192.0.2.7/32", "rule": "7", "status": "Authorizing", "id": "forbidden"},
    **{"count": "4", "networks": "`192.0.2.7/32` …", "account": "123456789012", "groups": "S0LEADS"},
    **{"error": "missing_scope", "space": "acme-private", "range": "192.0.2.0/24", "by": "a@example.com"},
    **{"name": "client-1.example", "handle": "7c2b0c9e", "label": "billing", "kind": "database"},
}


def message(kind: MessageKind, *, settled: bool) -> OutboxMessage:
    return OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="C0OPERATIONS", request=None, channel=None, place=None,
        posting_since=None, version=1, attempts=0, params=PARAMS, settled_at=NOW if settled else None,
    )  # fmt: skip


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", FINDINGS)
def test_a_settled_finding_says_what_was_so_and_no_command(kind: MessageKind, language: str) -> None:
    t: Translator = Watching(language)
    open_one = render(message(kind, settled=False), None, t=t, policy=POLICY)
    over = render(message(kind, settled=True), None, t=t, policy=POLICY)
    require_whole(over, what=kind)
    assert over.text != open_one.text
    assert over.text.startswith(":white_check_mark:")
    assert "/pgaccess" not in over.text
    assert samples.actions([*over.blocks]) == []
