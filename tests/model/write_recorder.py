"""Records every write to Heroku with what the store said at that moment.

An invariant about a write has to be judged by what was recorded when the write was made.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import psycopg

from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.http_types import Answer, Refused, Request
from sandbox.movable_clock import MovableClock
from tests.model.clocks import WorldTime

_DATA = re.compile(r"/(?:postgres|private-link)/v0/databases/([^/]+)(/.*)?")
_RULESET = re.compile(r"/spaces/([^/]+)/inbound-ruleset")

OPENING, IN_FORCE, LIVE = ("applying",), ("in_force",), ("applying", "in_force")


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One request that changes something.

    Attributes:
        what: method and path.
        opens: what it allows or creates.
        closes: what it removes.
        covered: what an approval covered then, of what may be created.
        removable: what was owned or approved for removal then, of what may be removed.
        wanted: what a grant needed then that was applying or in force.
        standing: what another entry at Heroku goes on allowing.
        whole: the list that it writes, where it replaces one.
        target: the database or space that it is about.
    """

    what: str
    target: UUID | None = None
    opens: frozenset[str] = frozenset()
    closes: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()
    removable: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()
    standing: frozenset[str] = frozenset()
    whole: tuple[str, ...] | None = None


class WriteRecorder:
    """Records every write.

    Args:
        heroku: receives the writes.
        store: a connection to the bot's store, in autocommit.
        time: of Heroku.
        clock: business time.
        allows: whether today's policy lets an owner have a method's subject opened.
    """

    def __init__(
        self,
        *,
        heroku: HerokuEmulator,
        store: psycopg.Connection,
        time: WorldTime,
        clock: MovableClock,
        allows: Callable[[str, str, str], bool],
    ) -> None:
        self._allows = allows
        self._heroku = heroku
        self._clock = clock
        self._store = store
        self._time = time
        self._read: dict[UUID, tuple[str, ...]] = {}
        self._leaving: dict[UUID, frozenset[str]] = {}
        self.others: dict[UUID, frozenset[str]] = {}
        self.writes: list[Write] = []

    def record(self, request: Request) -> None:
        """Records a write that is about to be made."""
        if request.method == "GET":
            return
        what = f"{request.method} {request.path}"
        if found := _RULESET.fullmatch(request.path):
            space = UUID(found[1])
            self.writes.append(replace(self._list(what, space, request.json()), target=space))
        elif found := _DATA.fullmatch(request.path):
            name = unquote(found[1])
            if self._exists(name):
                database = self._heroku._account.addon(name).id
                self.writes.append(replace(self._data(what, name, request), target=database))
        else:
            raise AssertionError(f"unexpected write {what}")

    def _exists(self, name: str) -> bool:
        """Whether a database is there, by name or id; a write to one that was destroyed changes nothing."""
        try:
            self._heroku._account.addon(name)
        except Refused:
            return False
        return True

    def note_removals(self) -> None:
        """Remembers what has been told to go, after a step in which writes were judged.

        A removal that was begun is completed before the same subject is opened for another grant: asked for
        again it does no harm, and left alone it may still land.
        """
        rows = self._store.execute(
            "SELECT target_id, array_agg(subject) FROM ("
            "SELECT target_id, arn AS subject FROM privatelink_accounts "
            "WHERE absent_at IS NULL AND removal_requested_at IS NOT NULL UNION ALL "
            "SELECT target_id, network::text FROM mtls_rules "
            "WHERE absent_at IS NULL AND removal_requested_at IS NOT NULL) AS leaving GROUP BY 1"
        ).fetchall()
        self._leaving = {target: frozenset(subjects) for target, subjects in rows}

    def answered(self, request: Request, answer: Answer) -> None:
        """Remembers the list that the bot read last."""
        found = _RULESET.fullmatch(request.path)
        if found and 200 <= answer.status < 300:
            self._read[UUID(found[1])] = tuple(rule["source"] for rule in answer.json()["rules"])

    # --- kinds of writes -------------------------------------------------------------------------

    def _list(self, what: str, space: UUID, body: Any) -> Write:
        written = tuple(rule["source"] for rule in body["rules"])
        base = self._read.get(space, ())
        once_ours = self._column("SELECT source FROM trusted_ranges WHERE target_id = %s", space)
        ours = self._column(
            "SELECT source FROM trusted_ranges WHERE target_id = %s "
            "AND (absent_at IS NULL OR removal_requested_at IS NOT NULL)",
            space,
        )
        # What somebody else's last list had or lacked may be restored: their change has to hold.
        theirs = self.others.get(space)
        restored = frozenset() if theirs is None else theirs - once_ours
        taken_away = frozenset() if theirs is None else frozenset(base) - theirs
        return Write(
            what=what,
            opens=frozenset(written) - frozenset(base),
            closes=frozenset(base) - frozenset(written),
            covered=self._subjects(space, "trusted", OPENING) | restored,
            removable=ours | self._approved_removals(space, "trusted") | taken_away,
            wanted=self._subjects(space, "trusted", LIVE) - taken_away,
            whole=written,
        )

    def _data(self, what: str, name: str, request: Request) -> Write:
        database = self._heroku._account.addon(name).id
        path = request.path.rpartition(f"/{name}")[2]
        match request.method, path.split("/")[1:]:
            case "POST", ["tls-endpoint", "ip-rules"]:
                network = request.json()["cidr"]
                covered = self._subjects(database, "mtls", OPENING)
                return Write(what=what, opens=frozenset({network}), covered=covered)
            case "DELETE", ["tls-endpoint", "ip-rules", rule]:
                return self._rule(what, name, database, UUID(rule))
            case "POST", ["tls-endpoint"]:
                return self._once(what, database, opens="endpoint", kinds=("enable",))
            case "DELETE", ["tls-endpoint"]:
                return self._once(what, database, closes="endpoint", kinds=("disable",))
            case "POST", ["tls-endpoint", "certificates"]:
                return self._once(what, database, opens="certificate", kinds=("issue", "rotate"))
            case "DELETE", ["tls-endpoint", "certificates", _]:
                return self._once(what, database, closes="certificate", kinds=("discard", "rotate"))
            case "DELETE", []:
                return self._once(what, database, closes="link", kinds=("close",))
            case (("POST" | "PUT"), ([] | ["allowed_accounts"])):
                accounts = frozenset(request.json()["allowed_accounts"])
                covered = self._subjects(database, "privatelink", OPENING)
                return Write(what=what, opens=accounts, covered=covered)
            case "PATCH", ["allowed_accounts"]:
                return self._accounts(what, database, frozenset(request.json()["allowed_accounts"]))
        raise AssertionError(f"unexpected write {what}")

    def _rule(self, what: str, name: str, database: UUID, rule: UUID) -> Write:
        listed = self._heroku.rules(name, now=self._time.now())
        networks = {each.id: each.cidr for each in listed}
        if rule not in networks:
            return Write(what=what)
        network = frozenset({networks.pop(rule)})
        ours = self._column("SELECT 1 FROM mtls_rules WHERE rule_id = %s", rule)
        return Write(
            what=what,
            closes=network,
            removable=(network if ours else frozenset()) | self._approved_removals(database, "mtls"),
            wanted=self._relied_on(database, "mtls"),
            standing=frozenset(networks.values()),
        )

    def _accounts(self, what: str, database: UUID, accounts: frozenset[str]) -> Write:
        ours = self._column(
            "SELECT arn FROM privatelink_accounts WHERE target_id = %s AND absent_at IS NULL", database
        )
        return Write(
            what=what,
            closes=accounts,
            removable=ours | self._approved_removals(database, "privatelink"),
            wanted=self._relied_on(database, "privatelink"),
        )

    def _once(
        self, what: str, database: UUID, *, kinds: tuple[str, ...], opens: str = "", closes: str = ""
    ) -> Write:
        """A one-time operation with an approval of its own."""
        doing = "SELECT kind FROM operations WHERE target_id = %s AND state = 'doing' AND kind = ANY(%s)"
        allowed = frozenset({opens, closes}) if self._column(doing, database, list(kinds)) else frozenset()
        return Write(
            what=what,
            opens=frozenset({opens} - {""}),
            closes=frozenset({closes} - {""}),
            covered=allowed,
            removable=allowed,
        )

    def _relied_on(self, database: UUID, method: str) -> frozenset[str]:
        """What grants need, but for what was leaving before anybody could rely on it."""
        leaving = self._leaving.get(database, frozenset())
        return self._subjects(database, method, LIVE) - leaving | self._subjects(database, method, IN_FORCE)

    # --- the store --------------------------------------------------------------------------------

    def _subjects(self, target: UUID, method: str, states: Iterable[str]) -> frozenset[str]:
        """What grants in these states allow, unless their end or deadline has passed.

        What is still to be opened counts only if today's policy allows it too.
        """
        sql = (
            "SELECT owner, state, subject FROM grants WHERE target_id = %s AND method = %s "
            "AND state = ANY(%s) AND (ends_at IS NULL OR ends_at > %s) "
            "AND (state <> 'applying' OR deadline_at > now())"
        )
        rows = self._store.execute(sql, (target, method, list(states), self._clock.now())).fetchall()
        return frozenset(
            part
            for owner, state, subject in rows
            if state != "applying" or self._allows(owner, method, subject)
            for part in subject_parts(subject)
        )

    def _approved_removals(self, target: UUID, method: str) -> frozenset[str]:
        """What an approved request lets pgaccess remove, whoever created it."""
        found = self._column(
            "SELECT subject FROM operations WHERE target_id = %s AND method = %s "
            "AND state = 'doing' AND kind = 'remove_unmanaged'",
            target,
            method,
        )
        return frozenset(part for subject in found for part in subject_parts(subject))

    def _column(self, sql: str, *given: object) -> frozenset[Any]:
        return frozenset(row[0] for row in self._store.execute(sql, given).fetchall())


def subject_parts(subject: str) -> tuple[str, ...]:
    """The single entries of a subject, as Heroku lists them."""
    return tuple(subject.removeprefix("accounts ").split())
