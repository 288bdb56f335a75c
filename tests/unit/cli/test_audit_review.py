"""``pgaccess audit review``: which reviews it exports, in which form, and what it says of wrong arguments."""

import argparse
import csv
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bot.__main__ import USAGE, main
from bot.cli.audit_review import COLUMNS, Quarter, add_command, as_lines, row
from bot.domain.access_review import Answer, Answered, Review, Reviewed, ReviewedKind, ReviewItem
from bot.errors import NotMigratedError
from sandbox.postgres import PrivatePostgres
from tests.unit.factories import NOW

REVIEW = Review(id=3, begun_at=NOW, answer_by=NOW + timedelta(days=14), told_at=None, over=False)


def item(because: str = "") -> ReviewItem:
    answered = Answered(answer=Answer.ENDED, by="U0LEAD", at=NOW, because=because) if because else None
    return ReviewItem(
        id=1,
        review=3,
        group=1,
        approvers=("S0LEADS", "U0LEAD"),
        reviewed=Reviewed(
            kind=ReviewedKind.CERTIFICATE,
            request=17,
            certificate=UUID(int=9),
            target=UUID(int=1),
            owner="U0ENGINEER",
            label="billing",
            subject="client-9.example",
            ends_at=NOW,
        ),
        answered=answered,
        gone=False,
    )


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_command(parser.add_subparsers(required=True))
    return parser.parse_args(["review", *words])


@pytest.mark.parametrize(
    "because", ["gone, he said", '"quoted"', "日本語", "", "=1+1", "+1", "-1", "@x", "\tx"]
)
def test_a_row_has_a_cell_for_each_column_and_none_is_a_formula(because: str) -> None:
    (read,) = csv.DictReader(as_lines([row(REVIEW, item(because))], form="csv"))
    assert tuple(read) == COLUMNS
    dangerous = because.startswith(("=", "+", "-", "@", "\t"))
    assert read["because"] == (f"'{because}" if dangerous else because)
    assert read["outcome"] == ("ended" if because else "open")
    assert (read["target_id"], read["approvers"]) == (str(UUID(int=1)), "S0LEADS U0LEAD")


def test_a_json_line_has_the_same_columns_and_the_reason_as_it_is() -> None:
    (line,) = as_lines([row(REVIEW, item("=1+1"))], form="jsonl")
    read = json.loads(line)
    assert tuple(read) == COLUMNS
    assert (read["because"], read["begun_at"]) == ("=1+1", "2026-11-24T09:00:00+00:00")


@pytest.mark.parametrize("month", range(1, 13))
def test_a_moment_is_in_one_quarter(month: int) -> None:
    moment = datetime(2026, month, 28, 23, 59, tzinfo=UTC)
    assert [n for n in (1, 2, 3, 4) if Quarter(2026, n).holds(moment)] == [(month + 2) // 3]
    assert not Quarter(2025, (month + 2) // 3).holds(moment)


@pytest.mark.parametrize("text", ["2026-Q4", "2026q4", " 2026-q4 "])
def test_a_quarter_can_be_written_in_several_ways(text: str) -> None:
    assert str(arguments("--quarter", text).quarter) == "2026-Q4"


@pytest.mark.parametrize("text", ["2026", "2026-Q5", "Q4", "２０２６-Q4"])
def test_what_is_no_quarter_gets_an_example(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments("--quarter", text)
    assert "write, for example, 2026-Q4" in capsys.readouterr().err


def test_a_store_that_was_not_migrated_is_one_sentence(
    postgres: PrivatePostgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres.url("template1"))
    assert main(["audit", "review"]) == USAGE
    assert str(NotMigratedError()) in capsys.readouterr().err
