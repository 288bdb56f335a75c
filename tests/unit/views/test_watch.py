"""What the watch tells, in Slack and on the pager: whole sentences in both languages that fit."""

from datetime import timedelta

import pytest

from bot.domain.watch.alarm import Notice, NoticeKind
from bot.domain.watch.condition import SEVERITIES, Condition, Item, ItemKind
from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from bot.ports import PageAction
from bot.views import watch as view
from tests.unit.factories import NOW

LATER = NOW + timedelta(hours=3)


def notice(
    condition: Condition = Condition.ENTRY, kind: NoticeKind = NoticeKind.BEGUN, *items: Item
) -> Notice:
    about = frozenset(items or {Item(kind=ItemKind.ENTRY, name="203.0.113.4/32 → billing (#12)", at=NOW)})
    return Notice(condition=condition, kind=kind, items=about, since=NOW, at=LATER)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("condition", list(Condition))
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_condition_has_its_words_and_pages_hold_no_markup(
    language: str, condition: Condition, kind: NoticeKind
) -> None:
    t = Translator(language)
    shown = view.message(notice(condition, kind), t, doubtful=False)
    page = view.page(notice(condition, kind), t, doubtful=False, installation="acme")
    assert not set("*`{}<>") & set(page.summary)
    assert not page.summary.startswith(":")
    over = kind in (NoticeKind.CLEARED, NoticeKind.FINE)
    assert page.action is (PageAction.RESOLVE if over else PageAction.TRIGGER)
    assert page.severity is SEVERITIES[condition]
    assert page.key == f"pgaccess/acme/{condition}"
    assert shown.text.startswith(":white_check_mark:" if over else (":rotating_light:", ":warning:"))
    # Where something is wrong it says what, and where it is over since when.
    assert ("UTC" in page.summary) if over else ("203.0.113.4/32" in page.summary)


def test_an_alarm_and_its_end_have_one_key_whatever_it_is_about() -> None:
    t = Translator("en")
    other = notice(Condition.ENTRY, NoticeKind.CLEARED, Item(kind=ItemKind.ENTRY, name="b", at=LATER))
    keys = {view.page(each, t, doubtful=True, installation="").key for each in (notice(), other)}
    assert keys == {"pgaccess/entry"}


def test_what_others_wrote_is_escaped_for_slack_and_plain_for_the_pager() -> None:
    odd = notice(Condition.POLICY, NoticeKind.BEGUN, Item(kind=ItemKind.NAME, name="<!channel> & co"))
    assert "&lt;!channel&gt; &amp; co" in view.message(odd, Translator("en"), doubtful=False).text
    assert "<!channel> & co" in view.page(odd, Translator("en"), doubtful=False, installation="").summary


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_entries_fit_and_the_rest_is_counted(language: str) -> None:
    items = [
        Item(kind=ItemKind.ENTRY, name=f"203.0.113.{number}/32 → {'billing' * 20} (#{number})", at=NOW)
        for number in range(200)
    ]
    many = notice(Condition.ENTRY, NoticeKind.GROWN, *items)
    page = view.page(many, Translator(language), doubtful=True, installation="")
    assert len(page.summary) <= 1024
    assert len(page.details["items"]) == view.SHOWN
    said = [block["text"]["text"] for block in view.message(many, Translator(language), doubtful=True).blocks]
    assert len(said) == 3
    assert all(len(each) <= 3000 for each in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_judged_without_the_store_says_so(language: str) -> None:
    t = Translator(language)
    said = {
        condition: {
            doubtful: view.page(notice(condition), t, doubtful=doubtful, installation="").summary
            for doubtful in (True, False)
        }
        for condition in Condition
    }
    differing = {condition for condition, each in said.items() if each[True] != each[False]}
    assert differing == {Condition.ENTRY, Condition.END}
