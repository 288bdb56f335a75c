"""``pgaccess audit``: verify the audit trail, show its newest seal, export it."""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Final, TextIO

from bot.cli import audit_export
from bot.config import database_url
from bot.ports import Head

SUMMARY: Final = "verify or export the audit trail, or ask it who could reach a target"
"""Help text of the command in ``pgaccess --help``."""

_DIGEST: Final = re.compile(r"[0-9a-f]{16,64}", re.A)


def add_commands(parser: argparse.ArgumentParser) -> Any:
    """Add the subcommands to the parser of ``pgaccess audit``, and return what further ones are added to."""
    commands = parser.add_subparsers(dest="audit_command", required=True)
    verify = commands.add_parser("verify", help="verify the chain, and that rows are what their lines say")
    verify.add_argument(
        "--head",
        type=_digest,
        metavar="DIGEST",
        help="a digest kept outside, as posted every day, that the chain has to have",
    )
    verify.add_argument("--seal", type=_seal, metavar="N", help="the place in the chain of that digest")
    commands.add_parser("head", help="show the newest seal and its digest, to be kept outside")
    audit_export.add_arguments(commands.add_parser("export", help=audit_export.SUMMARY))
    return commands


def run(
    arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ, out: TextIO | None = None
) -> bool:
    """Run a subcommand, which prints while it reads; return whether the trail is as it has to be.

    Args:
        arguments: Parsed arguments.
        environ: Has ``DATABASE_URL``.
        out: Standard output, unless given.

    Raises:
        MisconfiguredError: The store cannot be read, or an argument means nothing.
        NotMigratedError: The store's schema is older than this code.
    """
    url, out = database_url(environ), out or sys.stdout
    match arguments.audit_command:
        case "verify":
            return asyncio.run(_verify(url, head=arguments.head or "", seal=arguments.seal, out=out))
        case "export":
            audit_export.run(arguments, url, out)
        case _:
            print(*head_lines(asyncio.run(_head(url))), sep="\n", file=out)
    return True


async def _verify(url: str, *, head: str, seal: int | None, out: TextIO) -> bool:
    problems = 0
    async for line, wrong in verification(url, head=head, seal=seal):
        problems += wrong
        # At once: a long trail takes minutes, and a reader may stop at the first problem.
        print(line, file=out, flush=True)
    return problems == 0


async def verification(
    url: str, *, head: str = "", seal: int | None = None
) -> AsyncIterator[tuple[str, bool]]:
    """Verify the whole trail; yield each line to print, and whether it is a problem.

    Args:
        url: Of the database.
        head: A digest in hexadecimal, or its beginning, that the chain has to have; empty for none.
        seal: The place of that digest; None where it is not known.
    """
    # Imported here: SQLAlchemy takes its time, and the parser of arguments does not need it.
    from storage.repositories.evidence.verification import (
        Compared,
        Problem,
        Walk,
        cut,
        late_lines,
        walk_chain,
        wrong_rows,
    )
    from storage.snapshot import snapshot

    def shown(problem: Problem) -> tuple[str, bool]:
        where = [f"{name} {value}" for name, value in _where(problem.line, problem.request) if value]
        explained = ": an older version was still running" if problem.upgrading else ""
        return f"{', '.join(where) or 'chain'}: {problem.said}{explained}", not problem.upgrading

    walk, compared, count = Walk(), Compared(), 0
    async with snapshot(url) as connection:
        async for problem in walk_chain(connection, walk, head=head):
            count += not problem.upgrading
            yield shown(problem)
        for found in (cut(walk, head=head, seal=seal), await late_lines(connection)):
            if found is not None:
                count += 1
                yield shown(found)
        async for problem in wrong_rows(connection, compared):
            count += 1
            yield shown(problem)
    yield (
        f"chain: {walk.lines:,} sealed lines, newest seal {walk.number} with digest {walk.digest.hex()}",
        False,
    )
    yield f"rows: {compared.requests:,} requests compared with their last lines", False
    if compared.without_terms:
        yield (
            f"rows: {compared.without_terms:,} of them have a last line without terms, "
            "from a version that kept none: only their states were compared",
            False,
        )
    if walk.without_terms:
        yield (
            f"chain: the terms of {walk.without_terms:,} lines are not covered by their seals, "
            "which an older version made during an upgrade",
            False,
        )
    if not head:
        yield (
            "chain: without --head nobody can tell whether the end was cut off and the chain sealed anew",
            False,
        )
    yield "the audit trail verifies" if not count else f"problems: {count:,}", False


def _where(line: int | None, request: int | None) -> tuple[tuple[str, int | None], ...]:
    return (("line", line), ("request", request))


async def _head(url: str) -> Head:
    from storage.repositories.audit import PostgresAudit
    from storage.snapshot import snapshot
    from storage.write_buffer import WriteBuffer

    async with snapshot(url) as connection:
        # Only read: its buffer would have nothing to write.
        return await PostgresAudit(connection, WriteBuffer(connection)).head()


def head_lines(head: Head) -> list[str]:
    """Return what ``pgaccess audit head`` prints."""
    if not head.number:
        return ["the chain is empty", f"unsealed: {head.unsealed:,}"]
    lines = [
        f"seal: {head.number}",
        f"digest: {head.digest}",
        f"written: {_time(head.at)}",
        f"unsealed: {head.unsealed:,}",
    ]
    if head.oldest_unsealed is not None:
        waited = int((head.now - head.oldest_unsealed).total_seconds())
        lines.append(f"oldest unsealed: {_time(head.oldest_unsealed)}, {waited} s ago")
    return [*lines, f"verify with: pgaccess audit verify --head {head.digest} --seal {head.number}"]


def _time(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(text: str) -> str:
    digest = text.strip().lower()
    if _DIGEST.fullmatch(digest) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a digest: give at least the first 16 characters of one, "
            "such as 3f1c09aa5e7b2d41"
        )
    return digest


def _seal(text: str) -> int:
    # Nineteen digits have room for every number that Postgres' bigint has.
    if re.fullmatch("[0-9]{1,19}", text) is None or not 0 < int(text) < 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a seal, such as 1234")
    return int(text)
