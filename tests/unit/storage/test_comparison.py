"""Which terms of a request, its grant and its operation may move without a line, and which may not."""

from typing import Any, Final

import pytest

from storage.repositories.evidence.comparison import (
    ASKED,
    DECIDED,
    DONE,
    HELD,
    JUDGED,
    MOVED,
    TIMED,
    Comparison,
    LastLine,
    compare,
)

GRANT: Final = {name: f"{name} before" for name in (*HELD, *MOVED, *TIMED)} | {"request": 10}
TERMS: Final = {name: f"{name} before" for name in (*ASKED, *DECIDED, *JUDGED)} | {
    "request": 10,
    "state": "approved",
    "kind": "open",
}
OPERATION: Final = {name: f"{name} before" for name in DONE} | {"kind": "adopt"}


def changed(terms: dict[str, Any], name: str, part: str = "") -> dict[str, Any]:
    """The terms with one of them changed, or one of a part of them."""
    if part:
        return {**terms, part: changed(terms[part], name)}
    return {**terms, name: "after"}


def granted(state: str = "in_force", *, request: str = "approved", owner: int = 10) -> dict[str, Any]:
    grant = {**GRANT, "state": state, "request": owner}
    return {**TERMS, "state": request, "grant": grant}


def lines(terms: dict[str, Any], *subjects: str, newer: bool = False) -> dict[str, LastLine]:
    """Last lines that have these terms; with ``newer``, an older version has written one more each."""
    states = {"request": terms["state"], "grant": terms.get("grant", {}).get("state")}
    states["adopt"] = terms.get("operation", {}).get("state")
    return {
        subject: LastLine(id=8 if newer else 7, after=states[subject], terms=terms, terms_id=7)
        for subject in subjects
    }


def differing(today: dict[str, Any], last: dict[str, LastLine]) -> list[str]:
    found = compare(today, last)
    assert (found.unaudited, found.missing) == ((), {})
    return [each.name for each in found.differences]


def test_what_is_the_same_has_no_difference() -> None:
    for terms, subjects in (
        (TERMS, ("request",)),
        (granted(), ("request", "grant")),
        ({**TERMS, "kind": "adopt", "operation": OPERATION}, ("request", "adopt")),
    ):
        assert compare(terms, lines(terms, *subjects)) == Comparison()


@pytest.mark.parametrize("name", [*ASKED, *DECIDED, *JUDGED])
def test_no_term_of_a_decided_request_changes_without_a_line(name: str) -> None:
    assert differing(changed(TERMS, name), lines(TERMS, "request")) == [name]


@pytest.mark.parametrize("name", JUDGED)
def test_a_pending_request_may_be_judged_anew(name: str) -> None:
    pending = {**TERMS, "state": "pending"}
    assert differing(changed(pending, name), lines(pending, "request")) == []


@pytest.mark.parametrize("name", ASKED)
def test_a_pending_request_keeps_what_was_asked(name: str) -> None:
    pending = {**TERMS, "state": "pending"}
    assert differing(changed(pending, name), lines(pending, "request")) == [name]


@pytest.mark.parametrize(
    "state", ["waiting", "applying", "in_force", "interrupted", "ending", "ended", "failed"]
)
@pytest.mark.parametrize("name", [*HELD, *MOVED, *TIMED])
def test_a_grant_changes_with_lines_except_for_its_end_before_it_is_in_force(state: str, name: str) -> None:
    terms = granted(state)
    moves = name in TIMED and state in ("waiting", "applying")
    found = differing(changed(terms, name, "grant"), lines(terms, "request", "grant"))
    assert found == ([] if moves else [f"grant {name}"])


@pytest.mark.parametrize("name", [*HELD, *MOVED, *TIMED])
def test_the_grant_of_another_request_is_compared_with_that_one(name: str) -> None:
    extension = granted(owner=9)
    assert differing(changed(extension, name, "grant"), lines(extension, "request")) == []


@pytest.mark.parametrize("name", DONE)
def test_an_operation_changes_with_lines(name: str) -> None:
    terms = {**TERMS, "kind": "adopt", "operation": OPERATION}
    found = differing(changed(terms, name, "operation"), lines(terms, "request", "adopt"))
    assert found == [f"operation {name}"]


@pytest.mark.parametrize("name", [*ASKED, *DECIDED, *JUDGED, *HELD, *MOVED, *TIMED])
def test_after_a_line_of_an_older_version_only_what_never_changes_is_compared(name: str) -> None:
    part = "grant" if name in GRANT and name not in TERMS else ""
    terms = granted()
    today = changed(terms, name, part)
    found = compare(today, lines(terms, "request", "grant", newer=True))
    fixed = name in ASKED if not part else name in HELD
    # The state is in every line, with terms or without.
    assert [each.name for each in found.differences] == (
        [f"{part} {name}".strip()] if fixed or name == "state" else []
    )
    assert found.without_terms


def test_a_request_to_open_access_may_have_an_operation_of_another_kind() -> None:
    terms = {**granted(), "operation": {**OPERATION, "kind": "enable"}}
    last = lines(terms, "request", "grant") | {"enable": lines(terms, "adopt")["adopt"]}
    assert compare(terms, last) == Comparison()
    assert differing(changed(terms, "why", "operation"), last) == ["operation why"]
    assert compare(granted(), last).missing == {"enable": 7}


def test_rows_without_lines_and_lines_without_rows_are_told_apart() -> None:
    terms = granted()
    assert compare(terms, lines(terms, "request")).unaudited == ("grant",)
    assert compare(terms, {}).unaudited == ("request", "grant")
    assert compare(TERMS, lines(terms, "request", "grant")).missing == {"grant": 7}


def test_a_line_counts_approvals_within_its_state() -> None:
    pending = {**TERMS, "state": "pending"}
    half = {"request": LastLine(id=7, after="pending, 1 of 2", terms=pending, terms_id=7)}
    assert differing(pending, half) == []


def test_a_line_that_contradicts_its_own_terms_is_named() -> None:
    terms = granted("ended")
    by_hand = lines(granted("in_force"), "grant")["grant"]
    forged = {
        **lines(terms, "request"),
        "grant": LastLine(id=9, after="ended", terms=by_hand.terms, terms_id=9),
    }
    assert differing(terms, forged) == ["grant state in its terms"]
