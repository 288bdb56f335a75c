"""Notifications: valid for every kind and state, and offering only what their reader can do."""

import shlex
from dataclasses import replace

import pytest

from bot.domain.grant import GrantState
from bot.domain.reports.trouble import SHARED, Trouble
from bot.domain.request import Kind, RequestState, Verdict
from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, notifications
from bot.views.mtls.notifications import connection_line
from bot.views.render import render
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import CASES, IN_BOTH_LANGUAGES, LONG

EN = Translator("en")
OPERATIONAL = (MessageKind.HEROKU_DENIED, MessageKind.HEROKU_TROUBLE, MessageKind.ORPHAN)
ABOUT_GRANTS = (
    MessageKind.IN_FORCE,
    MessageKind.ENDING,
    MessageKind.ENDED,
    MessageKind.FAILED,
    MessageKind.INTERRUPTED,
)
DECIDED = [name for name in CASES if "approved" in name or "denied" in name]


def outbox_message(kind: MessageKind, recipient: str = "U0ENGINEER") -> OutboxMessage:
    params = {
        "app": "billing",
        "network": "203.0.113.4/32",
        "rule": "r",
        "status": "401",
        "id": "unauthorized",
    }
    return OutboxMessage(
        id=1, lease=factories.database().id, kind=kind, recipient=recipient, request=17, channel=None,
        place=None, posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", OPERATIONAL)
def test_operational_messages_are_valid(kind: MessageKind, language: str) -> None:
    samples.require_valid(render(outbox_message(kind), None, t=Translator(language), policy=POLICY))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("state", GrantState)
@pytest.mark.parametrize("kind", ABOUT_GRANTS)
def test_a_notification_about_a_grant_is_valid_in_every_later_state(
    kind: MessageKind, state: GrantState, language: str
) -> None:
    message = render(outbox_message(kind), samples.granted(state), t=Translator(language), policy=POLICY)
    samples.require_valid(message)


@IN_BOTH_LANGUAGES
def test_a_notification_about_a_decision_is_valid(language: str) -> None:
    for name in DECIDED:
        message = render(
            outbox_message(MessageKind.DECIDED), CASES[name], t=Translator(language), policy=POLICY
        )
        samples.require_valid(message)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", [MessageKind.LAPSED, MessageKind.REMINDER])
def test_a_notification_about_waiting_is_valid(kind: MessageKind, language: str) -> None:
    for details in CASES.values():
        samples.require_valid(
            render(outbox_message(kind), details, t=Translator(language), policy=samples.CROWDED)
        )


def test_a_reminder_that_comes_after_the_decision_reminds_nobody() -> None:
    late = render(
        outbox_message(MessageKind.REMINDER), samples.granted(GrantState.APPLYING), t=EN, policy=POLICY
    )
    assert "<@" not in samples.content(late)
    waiting = render(outbox_message(MessageKind.REMINDER), factories.case(), t=EN, policy=POLICY)
    assert "<@U0LEAD> <@U0LEAD2>" in samples.content(waiting)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.OPEN, "Provisioning at Heroku"),
        (Kind.EXTEND, "now ends <!date"),
        (Kind.REMOVE, "is ending"),
    ],
)
def test_an_approval_says_what_comes_of_it(kind: Kind, sentence: str) -> None:
    approved = factories.request(kind=kind, state=RequestState.APPROVED)
    granted = None if kind is Kind.REMOVE else factories.grant()
    details = factories.case(asked=approved, votes=(factories.vote(),), granted=granted)
    assert sentence in samples.content(notifications.decided(details, EN))


def test_a_denial_with_an_endless_reason_is_cut() -> None:
    denied = factories.request(state=RequestState.DENIED)
    details = factories.case(asked=denied, votes=(factories.vote(Verdict.DENY, LONG),))
    message = notifications.decided(details, EN)
    samples.require_valid(message)
    assert "…" in message.text


def offered(kind: MessageKind, details: RequestDetails, recipient: str) -> list[str]:
    message = render(outbox_message(kind, recipient), details, t=EN, policy=POLICY)
    return samples.actions(list(message.blocks))


@pytest.mark.parametrize(
    ("kind", "state", "owner", "operations"),
    [
        (MessageKind.IN_FORCE, GrantState.IN_FORCE, [action_ids.EXTEND, action_ids.DONE], None),
        (MessageKind.ENDING, GrantState.IN_FORCE, [action_ids.EXTEND, action_ids.DONE], None),
        (MessageKind.ENDED, GrantState.ENDED, [action_ids.AGAIN], None),
        (MessageKind.FAILED, GrantState.FAILED, [action_ids.RETRY, action_ids.GIVE_UP], None),
        (
            MessageKind.INTERRUPTED,
            GrantState.INTERRUPTED,
            [action_ids.RESTORE, action_ids.DONE],
            [action_ids.RESTORE, action_ids.REVOKE],
        ),
    ],
)
def test_a_notification_offers_its_reader_what_they_can_do(
    kind: MessageKind, state: GrantState, owner: list[str], operations: list[str] | None
) -> None:
    details = samples.granted(state)
    assert offered(kind, details, "U0ENGINEER") == owner
    if operations is not None:
        assert offered(kind, details, POLICY.operations_channel) == operations


def test_what_has_no_end_is_not_offered_more_time() -> None:
    details = samples.granted(GrantState.IN_FORCE, endless=True)
    assert offered(MessageKind.IN_FORCE, details, "U0ENGINEER") == [action_ids.DONE]


def test_the_end_is_not_called_an_end_while_another_rule_keeps_the_address_open() -> None:
    details = samples.granted(GrantState.ENDED)
    still = replace(details, observation=factories.look(factories.rule("203.0.113.4/32")))
    gone = replace(details, observation=factories.look())
    messages = [
        render(outbox_message(MessageKind.ENDED), one, t=EN, policy=POLICY).text for one in (still, gone)
    ]
    assert "203.0.113.4/32 is still allowed to billing by 203.0.113.4/32" in messages[0]
    assert "no longer allows 203.0.113.4/32 → billing" in messages[1]


def test_the_connection_line_holds_no_secret_and_asks_for_the_url_when_it_is_run() -> None:
    line = connection_line(factories.database())
    assert line.endswith('psql "$(heroku config:get DATABASE_URL -a billing)"')
    assert "postgres://" not in line


def test_a_database_without_a_config_var_is_reached_by_its_own_name_and_by_no_guessed_variable() -> None:
    line = connection_line(replace(factories.database(), config_var="", name="it's $(x)", app="a;b"))
    assert "config:get" not in line
    assert "DATABASE_URL" not in line
    command = line[line.index("$(") + 2 : line.rindex(" |")]
    assert shlex.split(command) == ["heroku", "pg:credentials:url", "it's $(x)", "-a", "a;b"]


def test_a_notification_about_a_grant_that_was_never_opened_raises() -> None:
    with pytest.raises(ValueError, match="request 17 has none"):
        render(outbox_message(MessageKind.IN_FORCE), factories.case(), t=EN, policy=POLICY)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("trouble", Trouble)
def test_an_all_clear_speaks_of_heroku_only_where_all_of_it_was_in_trouble(
    trouble: Trouble, language: str
) -> None:
    since = {"since": NOW.isoformat(), "until": NOW.isoformat(), "trouble": str(trouble)}
    restored = outbox_message(MessageKind.HEROKU_RESTORED)
    restored = replace(restored, params={**restored.params, **since})
    message = render(restored, None, t=Translator(language), policy=POLICY)
    samples.require_valid(message)
    everywhere = {"en": "Heroku can be used again", "ja": "Heroku を再び利用できます"}[language]
    assert (everywhere in message.text) is (trouble in SHARED)
    assert "billing" in message.text
