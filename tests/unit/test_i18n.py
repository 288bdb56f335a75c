"""The catalogue is whole in both languages, and what people type stays harmless and fits."""

import re
import string
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.access_review import Answer, ReviewedKind
from bot.domain.advice import Length, Need, Origin, Reason, Remark, Way
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.address_check import CheckAnswer
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.download_link import DownloadAnswer
from bot.domain.mtls.rotation import RotationStage
from bot.domain.operation import OperationState
from bot.domain.reports.finding import FindingAction
from bot.domain.reports.trouble import Trouble
from bot.domain.request import Kind, RequestState
from bot.domain.trusted_ips.ruleset import DataServices
from bot.domain.watch.condition import Condition, ItemKind
from bot.errors import Refusal
from bot.i18n.catalogue import CATALOGUE, LANGUAGES, CatalogueError, check, read
from bot.i18n.translator import Translator, cut, escape
from bot.ports import MessageKind
from bot.ports.assertions import PAST_FORMS, TOPICS, Topic
from bot.views.advice import FACTS
from bot.views.mtls.expiry import REMINDERS

ROOT = Path(__file__).parents[2]
FINDINGS = [kind for kind, topic in TOPICS.items() if topic is Topic.FINDING]


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_language_has_the_same_keys() -> None:
    assert CATALOGUE["en"].keys() == CATALOGUE["ja"].keys()


def test_every_language_has_a_file_and_every_file_is_a_language() -> None:
    assert {file.stem for file in (ROOT / "bot" / "i18n").glob("*.toml")} == set(LANGUAGES)


WHOLE = dict.fromkeys(CATALOGUE["en"], "`")


@pytest.mark.parametrize(
    ("english", "japanese", "fault"),
    [
        ({"refused.target_none": None}, {}, "en.toml: refused.target_none has no sentence"),
        ({"notification.in_force": None}, {}, "en.toml: notification.in_force has no sentence"),
        ({"more": "More"}, {}, "ja.toml: more has no sentence"),
        ({}, {"more": "More"}, "en.toml: more has no sentence"),
        (
            {"more": "{count} more"},
            {"more": "{number} more"},
            "ja.toml: more has the placeholders ['number'], not ['count']",
        ),
    ],
)
def test_a_catalogue_that_is_not_whole_is_refused_and_the_error_names_file_and_key(
    english: dict[str, str | None], japanese: dict[str, str | None], fault: str
) -> None:
    def changed(change: dict[str, str | None]) -> dict[str, str]:
        return {key: said for key, said in {**WHOLE, **change}.items() if said is not None}

    with pytest.raises(CatalogueError) as refused:
        check({"en": changed(english), "ja": changed(japanese)})
    assert fault in str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("more", "xx.toml: "),
        ("card.title = 'a'", "xx.toml: card is no sentence"),
        ("count = 1", "xx.toml: count is no sentence"),
        ("'more' = 'a'\n'more' = 'b'", "xx.toml: Cannot overwrite a value"),
    ],
)
def test_a_file_that_holds_something_else_than_sentences_is_refused(
    tmp_path: Path, written: str, fault: str
) -> None:
    (tmp_path / "xx.toml").write_text(written, encoding="utf-8")
    with pytest.raises(CatalogueError, match=re.escape(fault)):
        read("xx", folder=tmp_path)


def test_a_language_without_a_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"xx\.toml: .*No such file"):
        read("xx", folder=tmp_path)


def test_every_sentence_has_the_same_placeholders_in_every_language() -> None:
    english, japanese = CATALOGUE["en"], CATALOGUE["ja"]
    assert [key for key in english if placeholders(english[key]) != placeholders(japanese[key])] == []


def test_every_refusal_has_a_sentence_with_an_example() -> None:
    for sentences in CATALOGUE.values():
        assert [reason for reason in Refusal if "`" not in sentences[f"refused.{reason}"]] == []


# --- every sentence is said somewhere, and every one that is said is there -------------------------

PRIVATELINK = ("open.privatelink", "extend.privatelink", "remove.privatelink")
"""What a card about PrivateLink is called by, where mTLS needs no second word."""

TRUSTED = ("open.trusted", "extend.trusted", "remove.trusted")
"""What a card about a trusted range is called by."""

WITHDRAWING = (
    Refusal.POLICY_DENIES,
    Refusal.POLICY_SILENT,
    Refusal.REQUESTER_GONE,
    Refusal.ADDRESS_WIDER_THAN_POLICY,
    Refusal.DURATION_TOO_LONG,
    Refusal.DURATION_FOREVER,
    Refusal.END_PAST,
    Refusal.GRANT_OVER,
    Refusal.EXTEND_PAST_LONGEST,
    Refusal.TARGET_UNMATCHED,
    Refusal.PERSON_REVOKED,
    Refusal.TARGET_GONE,
    Refusal.CERTIFICATE_REVOKED,
)
"""Why a request can come to be withdrawn, in a sentence of its own."""

PAGES = tuple(
    answer for answer in DownloadAnswer if answer not in (DownloadAnswer.GIVE, DownloadAnswer.UNSENT)
)
"""Answers that have a page: files are none, and nobody has a link that was never sent."""

FAMILIES: dict[str, Iterable[str]] = {
    "card.title.": (*Kind, *PRIVATELINK, *TRUSTED),
    "card.text.": (*Kind, *PRIVATELINK, *TRUSTED),
    "card.change.": (Kind.EXTEND, Kind.REOPEN, *(kind for kind in Kind if kind.happens_once)),
    "button.": (
        *("approve", "deny", "change", "details", "cancel"),
        *("done", "end", "extend", "revoke", "retry", "give_up", "restore", "ask_restore"),
        *("files", "installed", "test", "keep_old", "again"),
    ),
    "button.finding.": FindingAction,
    "form.finding.about.": FindingAction,
    "form.reading.weekday.": tuple(map(str, range(7))),
    "form.finding.action.": FindingAction,
    "form.finding.title.": (*FindingAction, "choose"),
    "finding.requested.": (FindingAction.ADOPT, FindingAction.REMOVE),
    "finding.what.": (FindingAction.ADOPT, FindingAction.REMOVE),
    "finding.over.": (FindingAction.ADOPT, FindingAction.REMOVE),
    "finding.fixed.": ("everywhere", "odd"),
    "state.": (
        *(state for state in RequestState if state not in (RequestState.PENDING, RequestState.APPROVED)),
        *(state for state in GrantState),
        *(state for state in OperationState if state is not OperationState.FAILED),
        "applying.privatelink",
        *("held", "ending.held"),
        *("doing.enable", "doing.issue"),
    ),
    "why.": (
        *(*ReasonCode, "deadline.change", "closed_elsewhere.change"),
        *("deadline.privatelink", "closed_elsewhere.privatelink"),
        *("full.trusted", "deadline.trusted", "closed_elsewhere.trusted"),
        "target_gone.trusted",
    ),
    "trouble.": Trouble,
    "trusted.services.": DataServices,
    "done.support.": (DataServices.CONFIRMED, DataServices.WEB_ONLY),
    "state.rotating.": RotationStage,
    "rotation.test.": ConnectionResult,
    "why.error.": ("timeout", "certificate", "expired", "key", "password"),
    "notification.decided.": ("approved", "removal"),
    "done.": ("cancelled", "closing", "extended", "reopened", "reopening", "retried", "given_up", "picked"),
    "closed.": (
        *("enabled", "done", "not_done", "given_up"),
        *(RequestState.CANCELLED, RequestState.LAPSED, RequestState.WITHDRAWN),
        *(GrantState.ENDED, GrantState.FAILED, GrantState.INTERRUPTED),
    ),
    "notification.download_link.": ("delivered", "expired", "replaced", "burnt", "withdrawn", "gone"),
    "target_gone.": ("grants", "pending", "operations"),
    "leaver.": ("grants", "pending", "links", "rotations", "certificates"),
    "leaver.why.": ("deactivated", "bot", "guest", "external"),
    "page.download_link.": tuple(f"{answer}{part}" for answer in PAGES for part in ("", ".text")),
    "page.address.": tuple(
        f"{answer}{part}"
        for answer in CheckAnswer
        if answer is not CheckAnswer.OPEN
        for part in ("", ".text")
    ),
    "advise.need.": Need,
    "advise.origin.": Origin,
    "advise.length.": Length,
    "advise.option.": Way,
    "advise.reason.": Reason,
    "advise.remark.": Remark,
    "advise.line.": (Way.TRUSTED,),
    "advise.ask.": (Way.MTLS, Way.PRIVATELINK),
    "advise.fact.": FACTS,
    "advise.table.": tuple(f"{method}.{fact}" for method in Method for fact in FACTS),
    "duration.": ("d", "h", "m"),
    "watch.": Condition,
    "watch.over.": Condition,
    "watch.item.": ItemKind,
    "watch.doubt.": (Condition.ENTRY, Condition.END),
    "refused.": Refusal,
    "withdrawn.": ("other", *WITHDRAWING),
    "access_review.": (*Answer, "removal"),
    "access_review.item.": ReviewedKind,
    "": tuple(kind for kind in MessageKind if kind.startswith("notification.")),
}
"""Keys that code puts together: what they begin with, and what may follow."""

ENDINGS: dict[str, Iterable[str]] = {
    ".over": (
        *REMINDERS,
        *FINDINGS,
        MessageKind.CHANNEL_LOST,
        MessageKind.HEROKU_DENIED,
        MessageKind.HEROKU_TROUBLE,
    ),
    ".approvals": (MessageKind.CHANNEL_LOST,),
    ".former": (MessageKind.CHANNEL_LOST,),
    ".late": PAST_FORMS,
    ".still": (MessageKind.ENDED, MessageKind.FAILED, MessageKind.INTERRUPTED),
    ".part": ("reach.still", "reach.stays"),
    ".space": (MessageKind.TARGET_GONE, MessageKind.TARGET_BACK),
    ".gone": (
        MessageKind.ENDED,
        MessageKind.NOT_DONE,
        MessageKind.HEROKU_DENIED,
        MessageKind.HEROKU_TROUBLE,
    ),
    ".gone.trusted": (MessageKind.ENDED,),
    ".gone.privatelink": (MessageKind.ENDED,),
    ".only": ("notification.download_link.delivered",),
    ".before": ("notification.download_link.delivered",),
    ".how": (MessageKind.ENDING, MessageKind.FAILED, MessageKind.INTERRUPTED),
    ".none": ("home.waiting", "home.mine", "privatelink.accounts", "privatelink.connections"),
    ".hint": ("advise.need", "advise.origin", "advise.length", "form.review_keep", "form.review_end"),
    ".title": ("form.deny", "form.change", "form.extend", "form.review_keep", "form.review_end"),
    ".submit": ("form.deny", "form.change", "form.extend", "form.review_keep", "form.review_end"),
}
"""Keys that code puts together: what they end with, and what may come before."""

PUT_TOGETHER = {f"{prefix}{name}" for prefix, family in FAMILIES.items() for name in family} | {
    f"{stem}{ending}" for ending, family in ENDINGS.items() for stem in family
}


def written() -> str:
    """The source of everything that speaks."""
    files = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]
    return "\n".join(file.read_text() for file in files)


def literals() -> set[str]:
    """Every string in code that could be a key."""
    return set(re.findall(r"""["']([a-z_]+(?:\.[a-z_]+)+)["']""", written()))


def test_every_sentence_that_code_names_is_there() -> None:
    named = set(re.findall(r"""\bt\(\s*["']([a-z_.]+)["']""", written()))
    assert "card.reason" in named
    assert named <= CATALOGUE["en"].keys()


def test_every_sentence_that_code_puts_together_is_there() -> None:
    # A decision has a sentence for each outcome instead of one for its kind.
    assert PUT_TOGETHER - {MessageKind.DECIDED} <= CATALOGUE["en"].keys()


def test_no_sentence_is_never_said() -> None:
    assert CATALOGUE["en"].keys() - literals() - PUT_TOGETHER == set()


def test_every_way_in_which_code_puts_a_key_together_is_one_of_those_listed() -> None:
    begun = set(re.findall(r'\bt\(\s*f"([a-z_.]*)\{[^}]*\}[a-z_.]*"', written()))
    ended = set(re.findall(r'\bt\(\s*f"\{[^}]*\}([a-z_.]*)"', written()))
    assert begun - {""} <= FAMILIES.keys()
    assert ended <= ENDINGS.keys()


# --- the words ---------------------------------------------------------------------------------------

COINED = re.compile(
    r"\b(?:ways? in|lets?|foreign|somebody|whoever|anew|afresh|take over|taken over|take back|taken back"
    r"|give up|given up|worthless|in step|says no|looked at|moved on|undo|handout|stray|wish|meanwhile"
    r"|I'll|I am|my)\b",
    re.IGNORECASE,
)
"""What the English sentences once said in words of this project's own, or in the first person."""

COINED_JA = re.compile(r"あきらめ|再び開く|閉じる申請|開いているもの|信頼済み範囲|導入|設置|天気|印が付")
"""The same in Japanese; trusted IP ranges and installing a certificate have one word each."""


def test_no_sentence_has_a_word_that_only_this_project_would_use() -> None:
    english, japanese = CATALOGUE["en"], CATALOGUE["ja"]
    assert {key: COINED.findall(said) for key, said in english.items() if COINED.search(said)} == {}
    assert {key: COINED_JA.findall(said) for key, said in japanese.items() if COINED_JA.search(said)} == {}


def test_japanese_has_no_blank_before_punctuation() -> None:
    assert [key for key, said in CATALOGUE["ja"].items() if re.search(r" [、。:]", said)] == []


# --- Slack's markup --------------------------------------------------------------------------------

CODE = re.compile(r"`[^`\n]+`")
BOLD = re.compile(r"\*[^*\n]+\*")


def is_boundary(character: str) -> bool:
    """Whether Slack lets bold or code begin or end beside it: nothing, a half-width space or punctuation."""
    return character in ("", " ", "\n") or (character.isascii() and not character.isalnum())


def unstyled(sentence: str) -> list[str]:
    """The spans that Slack would show with their marks instead of their style."""
    codes = [found.span() for found in CODE.finditer(sentence)]
    bare = CODE.sub(lambda found: "\0" * len(found.group()), sentence)
    spans = codes + [found.span() for found in BOLD.finditer(bare)]
    return [
        sentence[start:end]
        for start, end in spans
        if not (is_boundary(sentence[start - 1 : start]) and is_boundary(sentence[end : end + 1]))
    ]


def test_bold_and_code_stand_where_slack_styles_them() -> None:
    for sentences in CATALOGUE.values():
        assert {key: unstyled(said) for key, said in sentences.items() if unstyled(said)} == {}


@pytest.mark.parametrize(
    "sentence", ["例は`8h`です", "例: `8h`、次", "。`8h` と", "、*太字* です", "*太字*。"]
)
def test_a_span_beside_a_full_width_character_would_be_found(sentence: str) -> None:
    assert len(unstyled(sentence)) == 1


def test_marks_of_bold_and_code_come_in_pairs() -> None:
    for sentences in CATALOGUE.values():
        bare = {key: CODE.sub("", said) for key, said in sentences.items()}
        assert [key for key, said in bare.items() if "`" in said or said.count("*") % 2] == []


@pytest.mark.parametrize("pattern", [r"^:[a-z_]+:", r"/pgaccess(?: [a-z]+){0,2}"])
def test_a_sentence_has_the_same_emoji_and_commands_in_every_language(pattern: str) -> None:
    english, japanese = (
        {key: set(re.findall(pattern, said)) for key, said in sentences.items()}
        for sentences in CATALOGUE.values()
    )
    assert english == japanese


# --- what people type stays harmless ---------------------------------------------------------------


@given(st.text(max_size=300), st.integers(min_value=1, max_value=120))
def test_cut_text_fits_and_never_ends_inside_an_entity(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert len(shown) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert "<" not in shown
    assert ">" not in shown


@given(st.text(max_size=100))
def test_text_that_fits_is_shown_whole(text: str) -> None:
    assert cut(text, 600) == escape(text)


def test_what_a_person_typed_cannot_mention_a_channel() -> None:
    said = Translator("en")("state.denied.why", id=1, person="<!channel>", at="", reason="<!here> & <@U1>")
    assert "<" not in said


def test_a_date_is_a_token_in_the_readers_zone_with_a_fallback_that_names_its_own() -> None:
    shown = Translator("en").date(datetime(2026, 11, 24, 18, 0, tzinfo=UTC))
    assert shown == "<!date^1795543200^{date_short_pretty} {time}|2026-11-24 18:00 UTC>"


def test_durations_are_said_in_the_readers_language() -> None:
    length = timedelta(days=1, hours=12)
    assert Translator("en").duration(length) == "1d12h"
    assert Translator("ja").duration(length) == "1日12時間"


@pytest.mark.parametrize(("locale", "language"), [("ja-JP", "ja"), ("en-GB", "en"), ("", "en"), (None, "en")])
def test_the_language_follows_the_readers_locale(locale: str | None, language: str) -> None:
    assert Translator.of(locale).language == language
