"""The judgement of what messages say of reach: sentences are read, and compared with lists."""

import pytest

from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from tests.model.reach import SENTENCES, Allowed, Assertion, Says, assertions, holds, untrue
from tests.unit.factories import NOW

ONE, OFFICE = "198.51.100.7/32", "198.51.100.0/24"
VALUES = {
    "id": 17, "why": "revoked by an approver", "network": ONE, "app": "billing", "ends": NOW, "at": NOW,
    "by": f"{OFFICE} (not managed by pgaccess)", "state": "#17 is ending", "endpoints": "vpce-0ab1",
    "left": "210987654321", "space": "acme-private",
}  # fmt: skip


def heroku(*rules: str, ranges: tuple[str, ...] = (), open_services: bool = False) -> Allowed:
    return Allowed(
        rules={"billing": rules},
        ranges={"acme-private": ranges},
        space_of={"billing": "acme-private"},
        open_services=("acme-private",) if open_services else (),
    )


def claim(says: Says, *addresses: str, by: tuple[str, ...] = (), target: str = "billing") -> Assertion:
    return Assertion(addresses=addresses or (ONE,), target=target, says=says, by=by)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", SENTENCES)
def test_every_sentence_that_asserts_something_is_read(key: str, language: str) -> None:
    found = assertions(f"above\n{Translator(language)(key, **VALUES)}\nbelow")
    assert [each.says for each in found] == [SENTENCES[key]]
    assert found[0].addresses == (ONE,)
    assert found[0].target in ("billing", "acme-private")
    assert set(found[0].by) <= {OFFICE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_within_another_is_read(language: str) -> None:
    t = Translator(language)
    text = t("notification.ended.still", id=17, why="", still=t("reach.still", **VALUES))
    assert assertions(text) == [claim(Says.ALLOWED, by=(OFFICE,))]


def test_several_accounts_are_read_one_by_one() -> None:
    named = "123456789012, 210987654321:user/etl"
    text = Translator("en")("notification.in_force.privatelink", **{**VALUES, "network": named})
    (found,) = assertions(text)
    assert found.addresses == ("123456789012", "210987654321:user/etl")


@pytest.mark.parametrize(
    "text", ["#17 is ending", "Nothing has changed.", "198.51.100.7/32 → billing · mTLS · 8h"]
)
def test_a_text_that_asserts_nothing_is_left_alone(text: str) -> None:
    assert assertions(text) == []


@pytest.mark.parametrize(
    ("assertion", "at_heroku", "true"),
    [
        (claim(Says.CLOSED), heroku(), True),
        (claim(Says.CLOSED), heroku(OFFICE), False),
        (claim(Says.CLOSED), heroku(ONE), False),
        (claim(Says.CLOSED, OFFICE), heroku(ONE), False),
        (claim(Says.CLOSED), heroku("203.0.113.0/24"), True),
        (claim(Says.CLOSED), heroku(ranges=(OFFICE,)), True),
        (claim(Says.CLOSED), heroku(ranges=(OFFICE,), open_services=True), False),
        (claim(Says.CLOSED, target="acme-private"), heroku(ranges=(OFFICE,)), False),
        (claim(Says.ALLOWED), heroku(OFFICE), True),
        (claim(Says.ALLOWED), heroku(), False),
        (claim(Says.ALLOWED, OFFICE), heroku("198.51.100.0/25", "198.51.100.128/25"), True),
        (claim(Says.ALLOWED, OFFICE), heroku(ONE), False),
        (claim(Says.ALLOWED, by=(OFFICE,)), heroku(OFFICE), True),
        (claim(Says.ALLOWED, by=(ONE,)), heroku(OFFICE), False),
        (claim(Says.PART, OFFICE), heroku(ONE), True),
        (claim(Says.PART, OFFICE), heroku(OFFICE), False),
        (claim(Says.PART), heroku(), False),
    ],
)
def test_an_assertion_is_judged_by_every_entry(assertion: Assertion, at_heroku: Allowed, true: bool) -> None:
    assert holds(assertion, at_heroku) is true


@pytest.mark.parametrize(
    ("asked", "listed", "says"),
    [
        (("123456789012",), ("arn:aws:iam::123456789012:root",), Says.ALLOWED),
        (("123456789012:user/etl",), ("arn:aws:iam::123456789012:root",), Says.ALLOWED),
        (("123456789012",), ("arn:aws:iam::123456789012:user/etl",), Says.PART),
        (("123456789012", "210987654321"), ("arn:aws:iam::123456789012:root",), Says.PART),
        (("123456789012",), ("*",), Says.ALLOWED),
        (("123456789012",), ("arn:aws:iam::210987654321:root",), Says.CLOSED),
    ],
)
def test_accounts_are_judged_one_by_one(asked: tuple[str, ...], listed: tuple[str, ...], says: Says) -> None:
    at_heroku = Allowed(accounts={"billing": listed}, space_of={"billing": "acme-private"})
    assert [each for each in Says if holds(claim(each, *asked), at_heroku)] == [says]


def test_a_notification_of_an_end_under_a_wider_rule_would_be_found() -> None:
    text = Translator("en")("notification.ended", **VALUES)
    assert untrue([text], heroku(OFFICE)) == [claim(Says.CLOSED)]
    assert untrue([text], heroku()) == []
