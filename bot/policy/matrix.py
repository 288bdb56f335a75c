"""``pgaccess policy matrix``: who may do what in which environment, by the function that decides requests."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Final

from bot.domain.duration import show_duration
from bot.domain.method import Method
from bot.domain.policy.rules import Policy, Rule, rule_in
from bot.domain.policy.validation import environments
from bot.errors import Refused

EVERYBODY: Final = "everybody"
"""A full member of the workspace whom no rule names, neither in person nor by a group."""

_GAP: Final = "  "


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixRow:
    """One line of the matrix, as text: what somebody may request in one environment by one method."""

    environment: str
    method: str
    requesters: str
    may: str
    rule: str = ""
    approvals: str = ""
    approvers: str = ""
    default: str = ""
    longest: str = ""
    permanent: str = ""
    widest: str = ""
    reason: str = ""
    lapses: str = ""


COLUMNS: Final = tuple(field.name for field in fields(MatrixRow))
"""Headings, in order."""


def matrix(policy: Policy) -> list[MatrixRow]:
    """Returns a row for each environment, method and kind of requester.

    Somebody in several of the groups may be allowed or denied more than the row of each one says:
    ``pgaccess policy test`` answers for one person.

    Args:
        policy: whose rules are asked.
    """
    requesters: list[tuple[str, tuple[str, ...]]] = [(EVERYBODY, ())]
    requesters += [(id, (id,)) for id in named_requesters(policy)]
    return [
        _row(policy, environment, method, requester, ids)
        for environment in sorted(environments(policy))
        for method in Method
        for requester, ids in requesters
    ]


def named_requesters(policy: Policy) -> tuple[str, ...]:
    """Returns every person and group that a rule names as requester, people first."""
    named = frozenset[str]().union(*(rule.requesters or () for rule in policy.rules))
    return tuple(sorted(named, key=lambda id: (id.startswith("S"), id)))


def as_csv(rows: Iterable[MatrixRow]) -> list[str]:
    """Returns the rows as lines of CSV, headings first."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([COLUMNS, *map(astuple, rows)])
    return written.getvalue().splitlines()


def as_text(policy: Policy, rows: Sequence[MatrixRow]) -> list[str]:
    """Returns the rows as aligned columns; requesters of one row share it.

    Args:
        policy: that the rows are of.
        rows: from ``matrix``.
    """
    table = [COLUMNS, *(astuple(row) for row in _grouped(rows))]
    widths = [max(len(line[column]) for line in table) for column in range(len(COLUMNS))]
    shown = [
        _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]
    return [*shown, "", *_remarks(policy)]


def _row(policy: Policy, environment: str, method: Method, requester: str, ids: Collection[str]) -> MatrixRow:
    row = MatrixRow(environment=environment, method=method, requesters=requester, may="no")
    try:
        rule = rule_in(policy, environment, environment, method, ids)
    except Refused as refused:
        # Only a denying rule is named; without a name no rule matches.
        denying = str(refused.params.get("rule", ""))
        return replace(row, may="denied" if denying else "no", rule=denying)
    return replace(row, may="yes", **_terms(rule))


def _terms(rule: Rule) -> dict[str, str]:
    return {
        "rule": rule.name,
        "approvals": str(rule.approvals),
        "approvers": " ".join(sorted(rule.approvers, key=lambda id: (id.startswith("S"), id))),
        "default": show_duration(rule.default_duration),
        "longest": show_duration(rule.longest_duration),
        "permanent": "yes" if rule.permanent else "no",
        "widest": f"/{rule.widest}",
        "reason": f"{rule.minimum_reason}+" if rule.minimum_reason else "optional",
        "lapses": show_duration(rule.lapse_after),
    }


def _grouped(rows: Sequence[MatrixRow]) -> Iterator[MatrixRow]:
    """Joins rows that differ by their requesters only; whom everybody includes is not named beside it."""
    found: dict[MatrixRow, list[str]] = {}
    for row in rows:
        found.setdefault(replace(row, requesters=""), []).append(row.requesters)
    for row, requesters in found.items():
        names = EVERYBODY if EVERYBODY in requesters else " ".join(requesters)
        yield replace(row, requesters=names)


def _remarks(policy: Policy) -> Iterator[str]:
    if policy.unmatched is None:
        yield 'Targets that no entry and no pattern covers: refused (unmatched = "refuse").'
    yield "A range on a space has to be allowed in the environment of every database in it."
    yield "Nobody approves their own request. One Deny decides."
