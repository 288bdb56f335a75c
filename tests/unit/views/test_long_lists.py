"""Names that are joined are cut at whole names, and the rest is counted: Slack refuses longer texts."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.domain.outside.text import Names
from bot.domain.policy.rules import Policy
from bot.domain.request import Kind, RequestState
from bot.domain.target import Database, Space, choose, choose_space
from bot.errors import Refusal, Refused
from bot.i18n.translator import NAMES, Translator
from bot.ports import CertificateList, DatabaseStatus, MessageKind, OutboxMessage, PersonalAccess
from bot.ports.access_history import RecordPage
from bot.views import database_status, diagnosis, modals, records, responses
from bot.views.mtls import certificate_list
from bot.views.render import render
from bot.views.requests import request_card, request_state
from bot.views.reviews import personal_access
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES

EN = Translator("en")
MANY: Final = tuple(factories.database(f"an-app-with-a-long-name-{n:03}", n) for n in range(1, 151))
SPACES: Final = tuple(
    Space(id=UUID(int=n), name=f"a-space-with-a-long-name-{n:03}", region="virginia", shield=False)
    for n in range(1, 151)
)
CROWD: Final = frozenset(f"U0APPROVER{n:04}" for n in range(230))
CROWDED: Final = replace(factories.ruled(approvers=CROWD), admins=CROWD)
NUMBERS: Final = tuple(range(4_294_967_000, 4_294_967_296))


def refusal(
    word: str | None, databases: Sequence[Database] = MANY, spaces: Sequence[Space] | None = None
) -> Refused:
    found = tuple(databases)
    with pytest.raises(Refused) as caught:
        _ = choose(found, word) if spaces is None else choose_space(tuple(spaces), found, word)
    return caught.value


def known(number: int, schedule: ReminderSchedule | None = None) -> KnownCertificate:
    return KnownCertificate(
        id=UUID(int=(number << 96) + number), target=UUID(int=number), request=number, owner="U0ENGINEER",
        purpose="nightly export", name="client.example", status="ready", expires_at=NOW + timedelta(days=30),
        first_seen_at=NOW, last_seen_at=NOW, reminder_schedule=schedule or ReminderSchedule(),
    )  # fmt: skip


def left_out(text: str) -> int:
    """How many names a text leaves out; it says so exactly once."""
    (count,) = re.findall(r"(?:and|ほか) (\d+)", text)
    return int(count)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    "refused",
    [
        refusal("nowhere"),
        refusal(None),
        refusal(
            "crowded", tuple(replace(each, app="crowded", shown_as=f"crowded::{each.app}") for each in MANY)
        ),
        refusal("nowhere", spaces=SPACES),
        refusal(None, spaces=SPACES),
        Refused(
            Refusal.CERTIFICATE_AMBIGUOUS, handle="0", known=Names(UUID(int=n).hex for n in range(1, 151))
        ),
    ],
    ids=lambda refused: str(refused.reason),
)
def test_a_refusal_that_lists_what_there_is_names_whole_names_and_counts_the_rest(
    refused: Refused, language: str
) -> None:
    message = responses.refused(refused, Translator(language))
    samples.require_valid(message, answers=True)
    names = refused.params["known"]
    assert isinstance(names, Names)
    shown = [name for name in names if name in message.text]
    assert len(shown) + left_out(message.text) == len(names) == 150
    assert list(names[: len(shown)]) == shown


@IN_BOTH_LANGUAGES
def test_a_refusal_at_the_field_of_a_form_fits_the_field(language: str) -> None:
    error = modals.field_error(refusal("nowhere"), Translator(language))
    assert error is not None
    (text,) = error.values()
    assert len(text) < 2000
    assert left_out(text) > 0


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("by_admins", [False, True])
@pytest.mark.parametrize("voted", [0, 229])
def test_two_hundred_approvers_are_mentioned_as_far_as_they_fit(
    by_admins: bool, voted: int, language: str
) -> None:
    votes = tuple(factories.vote(person=person) for person in sorted(CROWD)[:voted])
    asked = replace(factories.request(needed=230), by_admins=by_admins)
    details = factories.case(asked=asked, votes=votes)
    t = Translator(language)
    line = request_state.state_line(details, t=t, policy=CROWDED)
    for message in (
        request_card.approval_card(details, t=t, policy=CROWDED),
        request_card.requester_card(details, t=t, policy=CROWDED),
    ):
        samples.require_valid(message)
        # As it is, and not cut by the block around it.
        assert json.dumps(line, ensure_ascii=False)[1:-1] in samples.content(message)
    lists = re.findall(r"((?:<@\w+> )+)(?:and|ほか) (\d+)", line)
    assert [len(mentions.split()) + int(count) for mentions, count in lists] == [voted, 230][not voted :]


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (MessageKind.REMINDER, {}),
        (MessageKind.REOPENING, {"person": "U0LEAD"}),
        (MessageKind.TICKET, {}),
    ],
)
def test_a_reminder_of_two_hundred_approvers_fits(
    kind: MessageKind, params: dict[str, str], language: str
) -> None:
    space = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)
    details = replace(factories.case(), target=space)
    message = render(_message(kind, params), details, t=Translator(language), policy=CROWDED)
    samples.require_valid(message)
    assert "…" not in message.text
    assert left_out(samples.content(message)) > 100


def _message(kind: MessageKind, params: dict[str, str]) -> OutboxMessage:
    return OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="U0ENGINEER", request=17, channel=None,
        place=None, posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip


@IN_BOTH_LANGUAGES
def test_the_databases_of_a_renamed_space_are_counted_where_they_do_not_fit(language: str) -> None:
    labels = ", ".join(database.app for database in MANY)
    params = {"before": "old", "after": "new", "labels": labels, "environment": "production"}
    message = render(_message(MessageKind.SPACE_RENAMED, params), None, t=Translator(language), policy=POLICY)
    samples.require_valid(message)
    assert len(re.findall(r"an-app-with-a-long-name-\d{3}\b", message.text)) + left_out(message.text) == 150


@IN_BOTH_LANGUAGES
def test_what_somebody_who_left_had_is_counted_where_it_does_not_fit(language: str) -> None:
    every = " ".join(map(str, NUMBERS))
    names = ("grants", "pending", "links", "rotations", "certificates")
    params = {"person": "U0ENGINEER", "why": "guest", **dict.fromkeys(names, every)}
    message = render(_message(MessageKind.LEAVER, params), None, t=Translator(language), policy=POLICY)
    samples.require_valid(message)
    assert len(re.findall(r"(?:and|ほか) \d+", samples.content(message))) == len(names)


@IN_BOTH_LANGUAGES
def test_what_a_removal_would_end_is_counted_where_it_does_not_fit(language: str) -> None:
    t = Translator(language)
    details = factories.case(asked=factories.request(kind=Kind.REMOVE), closes=NUMBERS)
    samples.require_valid(request_card.approval_card(details, t=t, policy=POLICY))
    answer = responses.removing(details, NUMBERS, t)
    samples.require_valid(answer, answers=True)
    assert answer.text.count("#42949") + left_out(answer.text) == len(NUMBERS)


@IN_BOTH_LANGUAGES
def test_everything_of_a_person_fits_one_answer(language: str) -> None:
    t = Translator(language)
    certificates = tuple(known(number) for number in range(1, 400))
    many = tuple(replace(factories.case(), request=replace(factories.request(), id=id)) for id in NUMBERS)
    access = PersonalAccess(
        person="U0ENGINEER", ends=many, certificates=certificates, certificates_end=True, stays=many
    )
    samples.require_valid(personal_access.asking(access, "the laptop was lost", t), answers=True)
    page = RecordPage(requests=tuple(many[:20]), following=7)
    answer = records.of_person("U0ENGINEER", page, many[20:40], certificates, t=t, policy=CROWDED)
    samples.require_valid(answer, answers=True)
    assert re.search(r"(?:and|ほか) \d+", samples.content(answer))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("policy", [POLICY, CROWDED])
def test_a_status_and_a_diagnosis_fit_however_many_there_are(policy: Policy, language: str) -> None:
    t = Translator(language)
    asked = factories.request(state=RequestState.APPROVED)
    opened = factories.case(asked=asked, votes=(factories.vote(),), granted=factories.grant())
    mine = tuple(replace(opened, request=replace(asked, id=id)) for id in NUMBERS[:100])
    rule = factories.rule("203.0.113.4/32")
    status = DatabaseStatus(
        database=MANY[0], observation=factories.look(rule, ours=frozenset({rule.id})), open=mine, mine=mine,
        now=NOW,
    )  # fmt: skip
    shown = database_status.status(status, t)
    samples.require_valid(shown, answers=True)
    assert left_out(samples.content(shown)) == 95
    missing = replace(status, observation=factories.look())
    samples.require_valid(diagnosis.why(missing, t=t, policy=policy), answers=True)


@IN_BOTH_LANGUAGES
def test_certificates_of_many_databases_are_counted_where_they_do_not_fit(language: str) -> None:
    reminded = ReminderSchedule(step=30)
    lists = [
        CertificateList(
            database=database, observation=factories.look(), certificates=(known(number, reminded),)
        )
        for number, database in enumerate(MANY, start=1)
    ]
    message = certificate_list.listing(lists, Translator(language))
    samples.require_valid(message, answers=True)
    content = samples.content(message)
    shown = content.count("nightly export")
    assert shown > 10
    assert re.search(rf"… (?:and|ほか) {150 - shown} ", content)


def test_a_list_that_fits_is_shown_whole_and_says_nothing_more() -> None:
    names = Names(f"database-{number:02}" for number in range(30))
    shown = EN("refused.target_missing", known=names, example=names[0])
    assert all(name in shown for name in names)
    assert "more" not in shown


def test_names_are_cut_at_their_limit_with_one_number_for_the_rest() -> None:
    assert EN.names(["one", "two", "three"], most=2) == "one, two, and 1 more"
    assert EN.names(f"name-{number}" for number in range(3)) == "name-0, name-1, name-2"
    assert len(EN.names("x" * 60 for _ in range(1000))) <= NAMES
    assert EN.people(["S0LEADS", "U0LEAD"]) == "<!subteam^S0LEADS> <@U0LEAD>"
