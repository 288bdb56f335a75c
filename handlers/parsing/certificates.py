"""How the words behind ``mtls enable``, ``mtls disable`` and ``mtls certificate …`` are read."""

from collections.abc import Sequence

from handlers.certificate_typed import AskDisable, AskDiscard, AskEnable, AskIssue, AskStock
from handlers.parsing.clauses import Clause, split
from handlers.parsing.normalization import bare
from handlers.parsing.parsers import Path, clauses_behind, target_of


def read_enable(_path: Path, words: Sequence[str], example: str) -> AskEnable:
    """A database, and why."""
    target, reason = _place(words, example)
    return AskEnable(target=target, reason=reason)


def read_disable(_path: Path, words: Sequence[str], example: str) -> AskDisable:
    """A database, and why."""
    target, reason = _place(words, example)
    return AskDisable(target=target, reason=reason)


def read_issue(_path: Path, words: Sequence[str], example: str) -> AskIssue:
    """A database, and what for."""
    target, reason = _place(words, example)
    return AskIssue(target=target, reason=reason)


def read_stock(_path: Path, words: Sequence[str], example: str) -> AskStock:
    """A database, or nothing."""
    return AskStock(target=target_of(words, example))


def read_discard(_path: Path, words: Sequence[str], example: str) -> AskDiscard:
    """What people call a certificate, and why."""
    before, after = split(words)
    said = clauses_behind(before[1:], after, example, (Clause.REASON,))
    handle = bare(before[0]).removeprefix("#").removesuffix("番") if before else ""
    return AskDiscard(handle=handle or None, reason=said.get(Clause.REASON))


def _place(words: Sequence[str], example: str) -> tuple[str | None, str | None]:
    """A database, alone or behind ``on``, and a reason."""
    before, after = split(words)
    allowed = (Clause.REASON,) if before else (Clause.TARGET, Clause.REASON)
    said = clauses_behind(before[1:], after, example, allowed)
    target = (bare(before[0]) if before else said.get(Clause.TARGET)) or None
    return target, said.get(Clause.REASON)
