"""Tampering by somebody who owns the database, and what ``pgaccess audit verify`` says of it."""

from typing import Final

import psycopg
import pytest
from psycopg.rows import dict_row

from bot.cli.audit import verification
from storage.repositories.evidence.chain import GENESIS, digest
from tests.scale import million
from tests.unit.factories import NOW

REQUESTS: Final = 20
"""Request 10 was granted and has ended, with lines 19 to 24; the grant of request 20 is in force, with lines
43 to 46; all others have two lines and were denied."""

GONE: Final = "does not fit: the line, its place or the digest before it was changed"
WITHOUT_HEAD: Final = (
    "chain: without --head nobody can tell whether the end was cut off and the chain sealed anew"
)


@pytest.fixture(name="url")
def _url(database_url: str) -> str:
    million.fill(database_url, requests=REQUESTS, now=NOW)
    return database_url


def tamper(url: str, *statements: str) -> None:
    """Runs statements with the trigger out of the way that protects the trail, and without references."""
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        for each in statements:
            connection.execute(each)


def digests(url: str) -> dict[int, str]:
    with psycopg.connect(url) as connection:
        return {seal: value.hex() for seal, value in connection.execute("SELECT seal, digest FROM audit")}


def seal_anew(url: str) -> None:
    """Computes all seals again, as somebody who has the code can."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SET session_replication_role = replica")
        previous, lines = GENESIS, connection.execute("SELECT * FROM audit ORDER BY id").fetchall()
        connection.execute("UPDATE audit SET seal = NULL, digest = NULL")
        for seal, line in enumerate(lines, start=1):
            line = {**line, "at": in_utc(line["at"]), "written_at": in_utc(line["written_at"])}
            previous = digest(previous, seal, line)
            connection.execute(
                "UPDATE audit SET seal = %s, digest = %s WHERE id = %s", (seal, previous, line["id"])
            )


def in_utc(at: object) -> object:
    return at.astimezone(NOW.tzinfo) if isinstance(at, type(NOW)) else at


async def problems(url: str, *, head: str = "", seal: int | None = None) -> list[str]:
    return [line async for line, wrong in verification(url, head=head, seal=seal) if wrong]


async def test_an_untouched_trail_verifies(url: str) -> None:
    said = [line async for line, _ in verification(url)]
    newest = digests(url)[46]
    assert said == [
        f"chain: 46 sealed lines, newest seal 46 with digest {newest}",
        "rows: 20 requests compared with their last lines",
        WITHOUT_HEAD,
        "the audit trail verifies",
    ]
    assert await problems(url, head=newest, seal=46) == []
    assert await problems(url, head=digests(url)[30][:16]) == []


CHANGED_ROWS: Final = [
    (
        "UPDATE requests SET subject = '198.51.100.9/32' WHERE id = 10",
        "line 20, request 10: subject is 198.51.100.9/32, and the line says 203.0.113.10/32",
    ),
    (
        "UPDATE requests SET duration = '9 hours' WHERE id = 10",
        "line 20, request 10: duration_s is 32400, and the line says 28800",
    ),
    (
        "UPDATE requests SET until = '2027-01-01 00:00+00', duration = NULL WHERE id = 3",
        "line 6, request 3: duration_s is nothing, and the line says 28800\n"
        "line 6, request 3: until is 2027-01-01T00:00:00.000000Z, and the line says nothing",
    ),
    (
        f"UPDATE requests SET target_id = '{million.target(4)}' WHERE id = 3",
        f"line 6, request 3: target is {million.target(4)}, and the line says {million.target(3)}",
    ),
    (
        "UPDATE requests SET requester = 'U0OTHER' WHERE id = 3",
        "line 6, request 3: requester is U0OTHER, and the line says U0P000003",
    ),
    (
        "UPDATE requests SET rule = 'another' WHERE id = 3",
        "line 6, request 3: rule is another, and the line says production",
    ),
    (
        "UPDATE requests SET reason = 'nothing of note' WHERE id = 3",
        "line 6, request 3: reason is nothing of note, and the line says quarterly migration",
    ),
    (
        "UPDATE requests SET state = 'approved' WHERE id = 3",
        "line 6, request 3: state is approved, and the line says denied",
    ),
    (
        "UPDATE grants SET ends_at = ends_at + interval '1 day' WHERE request_id = 20",
        "line 46, request 20: grant ends is 2026-11-25T17:05:00.000000Z, "
        "and the line says 2026-11-24T17:05:00.000000Z",
    ),
    (
        "UPDATE grants SET owner = 'U0OTHER' WHERE request_id = 20",
        "line 46, request 20: grant owner is U0OTHER, and the line says U0P000020",
    ),
    (
        "UPDATE grants SET subject = '198.51.100.9/32' WHERE request_id = 20",
        "line 46, request 20: grant subject is 198.51.100.9/32, and the line says 203.0.113.20/32",
    ),
    (
        "UPDATE grants SET closed_at = closed_at - interval '1 hour' WHERE request_id = 10",
        "line 24, request 10: grant closed is 2025-11-24T16:05:00.000000Z, "
        "and the line says 2025-11-24T17:05:00.000000Z",
    ),
    (
        "UPDATE grants SET state = 'ended' WHERE request_id = 20",
        "line 46, request 20: grant state is ended, and the line says in_force",
    ),
    (
        "UPDATE decisions SET person = 'U0OTHER' WHERE request_id = 10",
        "request 10: the decision of U0OTHER is not what any line says\n"
        "line 20, request 10: the decision of U0LEAD is not there, and the line says it",
    ),
    (
        "UPDATE decisions SET person = 'pgaccess' WHERE request_id = 10",
        "line 20, request 10: the decision of U0LEAD is not there, and the line says it",
    ),
    (
        "DELETE FROM decisions WHERE request_id = 3",
        "line 6, request 3: the decision of U0LEAD is not there, and the line says it",
    ),
    (
        "INSERT INTO decisions VALUES (10, 'U0OTHER', 'approve', '', now())",
        "request 10: the decision of U0OTHER is not what any line says",
    ),
    (
        "UPDATE decisions SET verdict = 'approve' WHERE request_id = 3",
        "request 3: the decision of U0LEAD is not what any line says",
    ),
    (
        "UPDATE decisions SET at = at - interval '1 minute' WHERE request_id = 3",
        "request 3: the decision of U0LEAD is not what any line says",
    ),
    (
        "UPDATE decisions SET reason = 'it was in the contract' WHERE request_id = 3",
        "request 3: the decision of U0LEAD is not what any line says",
    ),
    (
        "DELETE FROM grants WHERE request_id = 10",
        "line 24, request 10: the grant is not there, and lines are about it",
    ),
    (
        "DELETE FROM requests WHERE id = 3",
        "line 6, request 3: request 3 is not there, and lines are about it",
    ),
]


@pytest.mark.parametrize(("statement", "said"), CHANGED_ROWS)
async def test_a_row_that_is_not_what_its_line_says_is_named(url: str, statement: str, said: str) -> None:
    tamper(url, statement)
    assert await problems(url) == said.split("\n")


async def test_rows_without_any_line_are_named(url: str) -> None:
    tamper(url, "DELETE FROM audit WHERE request_id = 20")
    assert await problems(url) == [
        "request 20: the decision of U0LEAD is not what any line says",
        "request 20: no line is about the request",
        "request 20: no line is about the grant",
    ]


CHANGED_LINES: Final = [
    ("terms = jsonb_set(terms, '{subject}', '\"198.51.100.9/32\"')", "terms are rewritten"),
    ("terms = NULL", "terms are taken away"),
    ("actor = 'U0OTHER'", "another person did it"),
    ("at = at - interval '1 day'", "it was another day"),
    ("request_id = 4", "it is about another request"),
]


@pytest.mark.parametrize(("change", "what"), CHANGED_LINES)
async def test_a_line_that_was_changed_breaks_the_chain(url: str, change: str, what: str) -> None:
    tamper(url, f"UPDATE audit SET {change} WHERE id = 5")
    found = await problems(url)
    assert f"seal 5 {GONE}" in found[0], what
    # What comes behind it is judged by itself.
    assert [each for each in found if "seal" in each] == found[:1]


async def test_terms_that_were_rewritten_with_their_row_break_the_chain(url: str) -> None:
    tamper(
        url,
        "UPDATE requests SET subject = '198.51.100.9/32' WHERE id = 3",
        "UPDATE audit SET terms = jsonb_set(terms, '{subject}', '\"198.51.100.9/32\"') WHERE request_id = 3",
    )
    assert await problems(url) == [f"line {id}, request 3: seal {id} {GONE}" for id in (5, 6)]


async def test_lines_that_changed_places_break_the_chain(url: str) -> None:
    tamper(
        url,
        "UPDATE audit SET seal = seal + 1000 WHERE id IN (5, 7)",
        "UPDATE audit SET seal = CASE id WHEN 5 THEN 7 ELSE 5 END WHERE id IN (5, 7)",
    )
    found = await problems(url)
    assert found[0] == f"line 7, request 4: seal 5 {GONE}"
    assert f"line 5, request 3: seal 7 {GONE}" in found


async def test_a_tail_that_was_cut_off_is_seen_by_its_rows_and_by_the_head(url: str) -> None:
    kept = digests(url)[46]
    tamper(url, "DELETE FROM audit WHERE id > 44")
    by_rows = ["request 20: no line is about the grant"]
    assert await problems(url) == by_rows
    cut = f"chain: no line has the digest {kept}: the end was cut off, or the chain was sealed anew"
    assert await problems(url, head=kept) == [cut, *by_rows]
    cut = "chain: the chain ends at seal 44: seals 45 to 46 were cut off"
    assert await problems(url, head=kept, seal=46) == [cut, *by_rows]


async def test_a_tail_that_was_cut_off_with_its_rows_is_seen_by_the_head_alone(url: str) -> None:
    kept = digests(url)[46]
    tamper(url, *(f"DELETE FROM {table} WHERE {column} = 20" for table, column in OF_REQUEST))
    assert await problems(url) == []
    assert await problems(url, head=kept, seal=46) == [
        "chain: the chain ends at seal 42: seals 43 to 46 were cut off"
    ]


OF_REQUEST: Final = (
    ("audit", "request_id"), ("grants", "request_id"), ("decisions", "request_id"), ("requests", "id"),
)  # fmt: skip


async def test_a_whole_day_that_was_removed_leaves_a_gap(url: str) -> None:
    for table, column in OF_REQUEST:
        tamper(url, f"DELETE FROM {table} WHERE {column} BETWEEN 9 AND 11")
    assert await problems(url) == ["line 27, request 12: seal 17 to 26 is missing before seal 27"]


async def test_seals_that_were_computed_again_are_seen_by_the_head_alone(url: str) -> None:
    kept = digests(url)[46]
    tamper(
        url,
        "UPDATE requests SET requester = 'U0OTHER' WHERE id = 3",
        "UPDATE audit SET terms = jsonb_set(terms, '{requester}', '\"U0OTHER\"') WHERE request_id = 3",
    )
    seal_anew(url)
    assert await problems(url) == []
    sealed_anew = f"chain: no line has the digest {kept}: the end was cut off, or the chain was sealed anew"
    assert await problems(url, head=kept, seal=46) == [sealed_anew]


async def test_a_head_at_another_place_is_named(url: str) -> None:
    kept = digests(url)[40]
    assert await problems(url, head=kept, seal=41) == [
        f"chain: the digest {kept} is at seal 40, and not at seal 41"
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "applying",
            "in_force",
            ["line 47, request 20: the grant was applying before it, and by the line before in_force"],
        ),
        ("in_force", "ended", ["line 47, request 20: grant state is in_force, and the line says ended"]),
    ],
)
async def test_a_line_that_was_inserted_does_not_fit_the_others(
    url: str, before: str, after: str, said: list[str]
) -> None:
    tamper(
        url,
        "INSERT INTO audit (at, actor, subject, request_id, before, after) "
        f"VALUES (now(), 'U0LEAD', 'grant', 20, '{before}', '{after}')",
    )
    assert await problems(url) == said


async def test_a_line_that_was_inserted_into_the_chain_breaks_it(url: str) -> None:
    tamper(
        url,
        "UPDATE audit SET seal = seal + 1000 WHERE seal > 6",
        "INSERT INTO audit (at, actor, subject, before, after, seal, digest) "
        "VALUES (now(), 'U0LEAD', 'policy', '', 'read', 7, '\\x00')",
        "UPDATE audit SET seal = seal - 999 WHERE seal > 1000",
    )
    found = await problems(url)
    assert found[0] == f"line 47: seal 7 {GONE}"
    assert found[1] == f"line 7, request 4: seal 8 {GONE}"


async def test_a_line_that_stays_without_a_seal_is_named(url: str) -> None:
    tamper(
        url, "UPDATE audit SET seal = NULL, digest = NULL, written_at = now() - interval '2 h' WHERE id = 46"
    )
    (said,) = await problems(url)
    assert said == "line 46: lines without a seal: 1, the oldest for 2:00:00; is a worker running?"


async def test_lines_from_before_terms_were_kept_still_verify(url: str) -> None:
    tamper(url, "UPDATE audit SET terms = NULL")
    seal_anew(url)
    said = [line async for line, wrong in verification(url) if not wrong]
    assert await problems(url) == []
    assert (
        "rows: 20 of them have a last line without terms, from a version that kept none: "
        "only their states were compared" in said
    )
    tamper(url, "UPDATE grants SET state = 'ended' WHERE request_id = 20")
    assert await problems(url) == ["line 46, request 20: grant state is ended, and the line says in_force"]


async def test_terms_that_an_older_version_sealed_are_counted(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        terms = connection.execute("SELECT terms::text, id FROM audit").fetchall()
        connection.execute("UPDATE audit SET terms = NULL")
    seal_anew(url)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.cursor().executemany("UPDATE audit SET terms = %s WHERE id = %s", terms)
    said = [line async for line, _ in verification(url)]
    assert said[2] == (
        "chain: the terms of 46 lines are not covered by their seals, which an older version made during an "
        "upgrade"
    )
    assert said[-1] == "the audit trail verifies"


MOVED_WITHOUT_TERMS: Final = (
    "INSERT INTO audit (at, actor, subject, request_id, before, after) "
    "VALUES (now(), 'U0LEAD', 'grant', 20, 'in_force', 'in_force')",
    "UPDATE grants SET ends_at = ends_at + interval '1 year' WHERE request_id = 20",
)


async def test_an_end_that_was_moved_with_a_line_without_terms_is_named(url: str) -> None:
    tamper(url, *MOVED_WITHOUT_TERMS)
    seal_anew(url)
    assert await problems(url) == [
        "line 47, request 20: seal 47 has no terms, and lines before it have them",
    ]


async def test_a_newer_line_whose_seal_does_not_cover_its_terms_is_named(url: str) -> None:
    tamper(url, MOVED_WITHOUT_TERMS[0])
    seal_anew(url)
    tamper(url, "UPDATE audit SET terms = (SELECT terms FROM audit WHERE id = 46) WHERE id = 47")
    assert await problems(url) == [
        "line 47, request 20: seal 47 does not cover its terms, and lines before it have them",
    ]


async def test_a_line_without_terms_of_an_upgrade_is_named_and_no_problem(url: str) -> None:
    tamper(url, "UPDATE audit SET written_at = '2026-03-01'", MOVED_WITHOUT_TERMS[0])
    seal_anew(url)
    said = [line async for line, _ in verification(url)]
    assert said[0] == (
        "line 47, request 20: seal 47 has no terms, and lines before it have them: "
        "an older version was still running"
    )
    assert said[-1] == "the audit trail verifies"


async def test_a_line_that_is_about_nothing_needs_no_terms(url: str) -> None:
    tamper(
        url,
        "INSERT INTO audit (at, actor, subject, before, after) "
        "VALUES (now(), 'pgaccess', 'access review', '', 'begun')",
    )
    seal_anew(url)
    assert await problems(url) == []
