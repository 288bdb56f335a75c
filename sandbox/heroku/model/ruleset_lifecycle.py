"""State transitions of a space's trusted IP ranges.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02): a ruleset is put whole and gets a new
id, the server says who put it; there is no other change. Heroku Dev Center,
private-spaces-trusted-ip-ranges, 2026-03: 20 ranges a space; a Fir space's cannot be customised. The
official CLI (11.9.0): an empty list is accepted, and blocks all web requests. A Shield Space has a ruleset
like any other; that its ranges never apply to data services is reported by one secondary source only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sandbox.heroku.behavior import Behavior
from sandbox.heroku.http_types import Refused, missing
from sandbox.heroku.model.account import Account, as_uuid
from sandbox.heroku.model.networks import checked_source
from sandbox.heroku.model.resources import LONG_AGO, Space, lasting_id
from sandbox.heroku.model.rulesets import Action, Range, Ruleset

RANGES_PER_SPACE: Final = 20
"""Limit of ranges (Heroku Dev Center, private-spaces-trusted-ip-ranges, 2026-03)."""

TEAM_ADMIN: Final = "network@example.com"
"""Author of rulesets that exist from the start."""

_ACTIONS: Final[dict[object, Action]] = {"allow": "allow", "deny": "deny"}


def put(account: Account, space: Space, rules: object, *, by: str, now: datetime) -> Ruleset:
    """Replace a space's ruleset; raises `Refused`, and the ruleset stays as it is.

    Args:
        account: The account.
        space: The space.
        rules: The new list as sent.
        by: E-mail address of the author.
        now: The moment.
    """
    if space.generation == "fir":
        raise Refused(account.behavior.fir_ruleset, "The trusted IP ranges of a Fir space are fixed.")
    ranges = _ranges(rules, account.behavior)
    moment = _applied_at(account, space, now)
    made = Ruleset(id=account.seeded.uuid(), created_at=now, created_by=by, rules=ranges, applied_at=moment)
    space.rulesets.append(made)
    account.version.changed(*([moment] if moment else []))
    return made


def restrict_from_start(space: Space, sources: Sequence[str]) -> None:
    """Restrict a space to some sources from the start, with a ruleset id that survives restarts."""
    before = Ruleset(
        id=lasting_id("ruleset", f"{space.born}/narrowed"),
        created_at=LONG_AGO,
        created_by=TEAM_ADMIN,
        rules=tuple(Range(source=source) for source in sources),
        applied_at=LONG_AGO,
    )
    space.rulesets.append(before)


def history(account: Account, space: Space) -> list[Ruleset]:
    """Return the rulesets in the order of the API's list; raises `Refused` where `Behavior` says so."""
    behavior = account.behavior
    match behavior.history:
        case "missing":
            raise Refused(404, "There is no such endpoint.")
        case "error":
            raise Refused(500, "An internal error has occurred.")
        case "empty":
            return []
        case "current":
            return space.rulesets[-1:]
    return space.rulesets[::-1] if behavior.history_order == "newest" else list(space.rulesets)


def ruleset_of(account: Account, space: Space, key: str) -> Ruleset:
    """Return a ruleset by id; raises `Refused` ``not_found``."""
    wanted = as_uuid(key)
    for ruleset in history(account, space):
        if ruleset.id == wanted:
            return ruleset
    raise missing("inbound ruleset")


def in_force(space: Space, now: datetime) -> tuple[Range, ...]:
    """Return the rules in force: those of the latest applied ruleset."""
    return next((each.rules for each in reversed(space.rulesets) if each.applied(now)), ())


def _applied_at(account: Account, space: Space, now: datetime) -> datetime | None:
    """Return when the next ruleset is applied; None if it is only stored."""
    if space.unapplied:
        space.unapplied -= 1
        return None
    # A ruleset that is only stored comes into force when a list is put once more.
    triggers = space.rulesets[-1].applied_at is None
    if account.behavior.applied == "false" and not triggers:
        return None
    return now + timedelta(seconds=account.times.apply)


def _ranges(rules: object, behavior: Behavior) -> tuple[Range, ...]:
    if not isinstance(rules, list):
        raise Refused(422, "rules is required and must be a list.")
    ranges = tuple(_range(rule, behavior) for rule in rules)
    if len(ranges) > RANGES_PER_SPACE:
        raise Refused(behavior.ranges_full, f"A space has at most {RANGES_PER_SPACE} trusted IP ranges.")
    if behavior.duplicate_ranges == "refuse" and len({each.source for each in ranges}) < len(ranges):
        raise Refused(422, "A source may be in a ruleset once only.")
    return ranges


def _range(rule: Any, behavior: Behavior) -> Range:
    if not isinstance(rule, dict):
        raise Refused(422, "A rule must be an object with an action and a source.")
    action = rule.get("action")
    if not isinstance(action, str) or action not in _ACTIONS:
        raise Refused(422, "A rule's action must be allow or deny.")
    return Range(action=_ACTIONS[action], source=checked_source(rule.get("source"), behavior.host_bits))
