"""The invariants, each as a function that fails when it does not hold.

Those that need everything to be finished are in ``AT_REST``; the others hold after every step. Their text is
in ``docs/reliability.md``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, make_url

from bot.views import action_ids
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET
from sandbox.heroku.fixtures import DATABASE
from storage.repositories.evidence.verification import LAST, TODAY, Compared, last_lines, problems_of
from tests.model.reach import Allowed, assertions, holds
from tests.model.world import World
from tests.model.write_recorder import subject_parts

Invariant = Callable[[World], None]

A_CALL: Final = timedelta(seconds=30)
"""How long before it is recorded an observation may have been made: its calls take that long at most."""

_TO_END: Final = frozenset(
    {("grant", "waiting"), ("grant", "applying"), ("grant", "in_force"), ("grant", "interrupted")}
)

POSSIBLE: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    **dict.fromkeys(
        (action_ids.APPROVE, action_ids.DENY, action_ids.CHANGE, action_ids.CANCEL),
        frozenset({("request", "pending")}),
    ),
    **dict.fromkeys((action_ids.DONE, action_ids.REVOKE), _TO_END),
    action_ids.EXTEND: frozenset({("grant", "in_force")}),
    action_ids.RESTORE: frozenset({("grant", "interrupted"), ("grant", "failed")}),
    **dict.fromkeys(
        (action_ids.RETRY, action_ids.GIVE_UP), frozenset({("grant", "failed"), ("operation", "failed")})
    ),
}
"""States of what a button is about in which it can do something."""

ABOUT_ENTRIES: Final = (action_ids.FINDING_ADOPT, action_ids.FINDING_REMOVE, action_ids.FINDING_IGNORE)
"""Buttons about an entry that pgaccess does not manage: they can do something while it is listed."""

ONE_RUN: Final = timedelta(seconds=30)
"""How late an end may be: time goes on while an invariant is checked."""


def invariant_1(world: World) -> None:
    """Nothing is opened that no recorded approval covers, nor opened again after somebody closed it."""
    for write in world.recorder.writes:
        uncovered = write.opens - write.covered
        assert not uncovered, f"{write.what} opens {uncovered} without an approval that is being applied"
    unapproved = world.rows(
        """
        SELECT g.request_id FROM grants g JOIN requests r ON r.id = g.request_id
        WHERE r.state <> 'approved' OR r.required_approvals > (
            SELECT count(*) FROM decisions v
            WHERE v.request_id = r.id AND v.verdict = 'approve' AND v.person <> r.requester)
        UNION SELECT c.request_id FROM operations c JOIN requests r ON r.id = c.request_id
        WHERE r.state <> 'approved'
        """
    )
    assert not unapproved, f"without enough approvals: {unapproved}"


def invariant_2(world: World) -> None:
    """Nothing we opened outlives its end."""
    late = world.rows(
        "SELECT request_id, state, ends_at FROM grants WHERE ends_at <= %s "
        "AND state NOT IN ('ended', 'failed')",
        world.clock.now() - ONE_RUN,
    )
    assert not late, f"not ended: {late}"
    for what, entry in _ours(world):
        target, method = what
        live = _live(world, target, method)
        adopted = _adopted(world, target, method)
        assert entry in live | adopted, f"{method} {entry} of {target} is still open, and nobody wants it"


def invariant_3(world: World) -> None:
    """An unmanaged entry is never changed or removed, save by its own approved request."""
    for write in world.recorder.writes:
        unmanaged = write.closes - write.removable
        assert not unmanaged, f"{write.what} takes {unmanaged} away, which is not ours"


def invariant_4(world: World) -> None:
    """A space's list is never written empty."""
    for write in world.recorder.writes:
        assert write.whole is None or write.whole, f"{write.what} writes an empty list"


def external_changes_hold(world: World) -> None:
    """Invariants 3 and 4 at rest: what somebody else added or removed holds."""
    if world.raced and world.behavior.history != "complete":
        return  # what was lost cannot be told, and operations was notified
    present = set(_entries(world))
    swept = {
        (row[0], row[1])
        for row in world.rows("SELECT target_id, method FROM operations WHERE kind IN ('disable', 'close')")
    }
    undone = {
        ((row[0], row[1]), part)
        for row in world.rows(
            "SELECT target_id, method, subject FROM operations WHERE kind = 'remove_unmanaged'"
        )
        for part in subject_parts(row[2])
    }
    existing = {where for where, _ in present}
    for (where, entry), wanted in world.unmanaged.items():
        if where in swept or where not in existing or (where, entry) in undone:
            continue  # an approved operation removed it, alone or with the whole
        assert ((where, entry) in present) == wanted, f"{entry} of {where}: somebody else wanted {wanted}"


def invariant_5(world: World) -> None:
    """ "In force" and "ended" are said only after they were read back."""
    rows = world.rows(
        """
        SELECT a.id, a.after, g.target_id, g.method, g.subject, g.request_id, g.state
        FROM audit a JOIN grants g ON g.request_id = a.request_id
        WHERE a.id > %s AND a.subject = 'grant' AND a.after IN ('in_force', 'ended') AND a.before <> a.after
        ORDER BY a.id
        """,
        world.lines_read,
    )
    world.lines_read = world.rows("SELECT COALESCE(max(id), 0) FROM audit")[0][0]
    if world.disturbed or not rows:
        return  # somebody changed something at Heroku after the observation
    serving = {(target, method, entry) for (target, method), entry in _serving(world)}
    ours = {(target, method, entry) for (target, method), entry in _ours(world)}
    for _, after, target, method, subject, request, state in rows:
        parts = {(target, method, part) for part in subject_parts(subject)}
        if after == "in_force" and state == "in_force":
            assert parts <= serving, f"#{request} is said to be in force, and {parts - serving} is not there"
        if after == "ended":
            kept = _live(world, target, method) | _adopted(world, target, method)
            left = {part for part in parts & ours if part[2] not in kept}
            assert not left, f"#{request} is said to have ended, and {left} is there"


def invariant_6(world: World) -> None:
    """Decisions serialise, one Deny decides, and every click and command gets an answer in time."""
    for each in world.answered:
        outcome = each.outcome
        assert outcome.error not in ("operation_timeout", "dispatch_failed"), f"{each.act}: {outcome}"
        assert outcome.status < 500, f"{each.act}: {outcome}"
    wrong = world.rows(
        """
        SELECT id, state FROM requests r WHERE
            (state = 'approved') <> (decided_at IS NOT NULL AND state = 'approved')
            OR (state IN ('approved', 'pending', 'lapsed', 'cancelled') AND EXISTS (
                SELECT 1 FROM decisions WHERE request_id = r.id AND verdict = 'deny'))
            OR (state = 'denied' AND 1 <> (
                SELECT count(*) FROM decisions WHERE request_id = r.id AND verdict = 'deny'))
        """
    )
    assert not wrong, f"decided wrongly: {wrong}"


def invariant_7(world: World) -> None:
    """Nobody approves their own request; nor does somebody who is no full member ask or approve."""
    members = {
        each.id for each in world.slack.world.people.values() if not (each.is_restricted or each.is_bot)
    }
    # The certificates of leavers are revoked in the name of the bot: by an approver, or by the policy.
    asked = world.rows(
        "SELECT DISTINCT requester FROM requests WHERE (requester, kind) <> ('pgaccess', 'discard')"
    )
    voted = world.rows("SELECT DISTINCT person FROM decisions")
    assert {row[0] for row in asked + voted} <= members | world.left
    own = world.rows(
        "SELECT id FROM requests r JOIN decisions v ON v.request_id = r.id AND v.person = r.requester "
        "WHERE v.verdict = 'approve'"
    )
    assert not own, f"approved by whoever asked: {own}"


def invariant_8(world: World) -> None:
    """An entry that two grants need stays until the second ends."""
    for write in world.recorder.writes:
        needed = (write.closes & write.wanted) - write.standing
        assert not needed, f"{write.what} takes {needed} away, which a grant needs"


def invariant_9(world: World) -> None:
    """Every change of state has exactly one audit line."""
    torn = world.rows(
        """
        WITH trail AS (
            SELECT subject, request_id,
                split_part(before, ',', 1) AS before, split_part(after, ',', 1) AS after,
                lag(split_part(after, ',', 1)) OVER steps AS previous,
                lead(id) OVER steps IS NULL AS last, id
            FROM audit WHERE request_id IS NOT NULL
            WINDOW steps AS (PARTITION BY subject, request_id ORDER BY id)
        ), states AS (
            SELECT 'request' AS subject, id AS request_id, state FROM requests
            UNION ALL SELECT 'grant', request_id, state FROM grants
            UNION ALL SELECT kind, request_id, state FROM operations
        )
        SELECT subject, request_id, before, after, previous, state
        FROM states LEFT JOIN trail USING (subject, request_id)
        WHERE id IS NULL OR before <> COALESCE(previous, '') OR (last AND after <> state)
        """
    )
    assert not torn, f"the trail is torn: {torn}"


def chain_holds(world: World) -> None:
    """Invariant 9 at rest: every line is sealed, in an order without a gap; its own tests verify it."""
    seals = [row[0] for row in world.rows("SELECT seal FROM audit ORDER BY seal")]
    assert None not in seals
    assert seals == list(range(seals[0], seals[0] + len(seals))) if seals else True


def rows_are_what_their_lines_say(world: World) -> None:
    """Invariant 9 at rest: no row has changed without a line, which has its terms."""

    def read(statement: Select[Any]) -> list[tuple[Any, ...]]:
        dialect = make_url("postgresql+psycopg://").get_dialect()()
        bound = statement.params(after_request=0, up_to_request=world.requests())
        literal = bound.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        return world.rows(str(literal))

    lines, compared = last_lines(read(LAST)), Compared()
    wrong = [
        problem
        for request, today in read(TODAY)
        for problem in problems_of(request, today, lines.get(request, {}), compared)
    ]
    assert not wrong, f"changed without a line: {wrong}"
    assert compared.without_terms == 0


def invariant_10(world: World) -> None:
    """A private key, a password, a token or a response_url never reaches Slack or the store."""
    secrets = [BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET, "/respond/", "PRIVATE KEY"]
    kept = "\n".join(_dump(world))
    sent = "\n".join(entry.sent for entry in world.slack.request_log if entry.kind in ("call", "respond"))
    found = [secret for secret in secrets if secret in kept or secret in sent]
    assert not found, f"secrets where they must not be: {found}"


def invariant_11(world: World) -> None:
    """Nothing is lost, whatever happened: every message is in Slack."""
    present = {
        (channel, message.ts) for channel, kept in world.slack.workspace.messages.items() for message in kept
    }
    lost = [
        row
        for row in world.rows(
            "SELECT id, kind, channel, ts FROM outbox WHERE ts IS NOT NULL AND ts <> 'home'"
        )
        if (row[2], row[3]) not in present
    ]
    assert not lost, f"recorded as sent, and not in Slack: {lost}"
    # Nothing can be shown to an account that is gone.
    unsent = world.rows(
        "SELECT id, kind FROM outbox WHERE ts IS NULL AND recipient <> ALL(%s)", list(world.left)
    )
    assert not unsent, f"never sent: {unsent}"


def invariant_12(world: World) -> None:
    """Bad input gets one sentence and an example that is right; nothing is recorded."""
    for each in world.answered:
        if each.bad:
            assert each.before == each.after, f"{each.act} was recorded"
            assert len(each.said) == 1, f"{each.act} was answered {each.said}"
            assert "`" in each.said[0], f"{each.act} was answered without an example: {each.said}"


def invariant_14(world: World) -> None:
    """What is said of reach is true of the address: what a message asserts held when Heroku was read last."""
    labels: dict[str, list[str]] = {}
    for id, label in world.rows(
        "SELECT id::text, CASE WHEN is_space THEN name ELSE COALESCE(NULLIF(shown_as, ''), app) END "
        "FROM targets WHERE absent_at IS NULL"
    ):
        labels.setdefault(label, []).append(id)
    for found in dict.fromkeys(each for text in world.texts() for each in assertions(text)):
        ids = labels.get(found.target, [])
        # Of two things with one name nobody can tell which one is meant; of one that is gone nothing is said.
        if len(ids) == 1:
            asserted = replace(found, target=ids[0])
            assert any(holds(asserted, lists) for lists in _read_for(world, ids[0])), f"{found} was not so"


def _read_for(world: World, target: str) -> list[Allowed]:
    """What Heroku allowed from the observation on that is known of a target, its space's included."""
    ((since,),) = world.rows(
        "SELECT min(observed_at) FROM reconcile_queue JOIN targets t ON t.id = target_id "
        "WHERE target_id::text = %s OR t.is_space",
        target,
    )
    from_then = [lists for at, lists in world.lists if since is None or at >= since - A_CALL]
    # What had been so until then was so at its beginning too.
    before = [lists for at, lists in world.lists if since is not None and at < since - A_CALL]
    open_services = [
        row[0]
        for row in world.rows("SELECT target_id::text FROM data_service_access WHERE state = 'confirmed'")
    ]
    return [replace(lists, open_services=open_services) for lists in (*before[-1:], *from_then)]


def invariant_15(world: World) -> None:
    """No message stays that has become false: one that is up to date offers what can be done now."""
    states = {
        "request": dict(world.rows("SELECT id, state FROM requests")),
        "grant": dict(world.rows("SELECT request_id, state FROM grants")),
        "operation": dict(world.rows("SELECT request_id, state FROM operations")),
    }
    listed = {id for (id,) in world.rows("SELECT id FROM unmanaged_entries WHERE absent_at IS NULL")}
    shown = world.rows(
        "SELECT kind, channel, ts FROM outbox WHERE ts IS NOT NULL AND ts <> 'home' "
        "AND sent_version = version AND recipient <> ALL(%s)",
        list(world.left),
    )
    nonces = dict(world.rows("SELECT id, coalesce(nonce, '') FROM requests"))
    for kind, channel, ts in shown:
        for action, value in world.buttons_of(channel, ts):
            if action in ABOUT_ENTRIES:
                entry, _, _ = action_ids.read_finding(value)
                assert entry in listed, f"{kind} offers {action} of an entry that is gone or managed"
            possible = POSSIBLE.get(action)
            if possible is None:
                continue
            about = action_ids.read_about(value)
            assert about is not None, f"{kind} offers {action}, which is about no request"
            number, nonce = about
            assert nonces[number] == nonce, f"{kind} offers {action} of another #{number}"
            state = {(what, found[number]) for what, found in states.items() if number in found}
            assert state & possible, f"{kind} offers {action} of #{number}, which is {sorted(state)}"


def invariant_16(world: World) -> None:
    """A request that nobody could decide is known as such: requester and operations were told."""
    people, groups = world.slack.world.people, world.slack.world.groups
    rows = world.rows(
        "SELECT id, requester, required_approvals, undecidable_at IS NOT NULL, kind FROM requests "
        "WHERE state = 'pending'"
    )
    named = set(world.deployed.approvers)
    members = {id for group in groups.values() if group.id in named for id in group.users}
    able = {
        id
        for id in members | {id for id in named if id in people}
        if not (people[id].deleted or people[id].is_restricted or people[id].is_bot)
    }
    for id, requester, needed, told, kind in rows:
        enough = len(able - {requester}) >= world.deployed.approvals
        assert enough or told, f"#{id} ({kind}) needs {needed}, and nobody was told that they are not there"


def invariant_13(world: World) -> None:
    """Whatever is renamed, swapped or replaced, every target is judged by the environment it had at first."""
    asked = world.rows(
        "SELECT r.id, r.target_id, r.rule, t.is_space FROM requests r JOIN targets t ON t.id = r.target_id"
    )
    for request, target, rule, is_space in asked:
        expected = _rule_of(world, target, is_space=is_space)
        # A policy may have other names for the same rules.
        assert rule.replace("new ", "") in expected, (
            f"#{request} is judged by “{rule}”, and {target} by {expected}"
        )
    known = {row[0] for row in world.rows("SELECT target_id FROM requests WHERE state = 'approved'")}
    for write in world.recorder.writes:
        # A space's list may restore what somebody else wrote.
        if write.opens and write.whole is None:
            assert write.target in known, f"{write.what} opens a target that nothing was approved for"


def invariant_17(world: World) -> None:
    """Access does not outlive its owner's membership: once the scheduler has run, leavers hold nothing."""
    held = world.rows(
        """
        WITH gone AS (
            SELECT id FROM slack_users
            WHERE known_at IS NOT NULL AND (deactivated OR bot OR guest OR external)
        )
        SELECT 'grant', request_id FROM grants JOIN gone ON owner = gone.id
            WHERE state IN ('waiting', 'applying', 'in_force', 'interrupted')
        UNION ALL SELECT 'request', requests.id FROM requests JOIN gone ON requester = gone.id
            WHERE state = 'pending'
        UNION ALL SELECT 'link', request_id FROM download_links JOIN gone ON owner = gone.id
            WHERE state = 'open'
        UNION ALL SELECT 'certificate', request_id FROM certificates JOIN gone ON owner = gone.id
            WHERE absent_at IS NULL AND owner_left_at IS NULL
        """
    )
    assert not held, f"held by people who have left: {held}"


AT_EACH_STEP: Final[tuple[Invariant, ...]] = (
    invariant_1, invariant_3, invariant_4, invariant_5, invariant_6, invariant_7, invariant_8, invariant_9,
    invariant_12, invariant_13, invariant_14, invariant_15,
)  # fmt: skip
"""What holds whatever is under way."""

AT_REST: Final[tuple[Invariant, ...]] = (
    invariant_2,
    external_changes_hold,
    chain_holds,
    rows_are_what_their_lines_say,
    invariant_16,
    invariant_10,
    invariant_11,
    invariant_17,
)
"""What holds once everything is finished."""


def check(world: World, invariants: Iterable[Invariant]) -> None:
    """Checks invariants; writes and answers so far are not checked again."""
    for invariant in invariants:
        try:
            invariant(world)
        except AssertionError as error:
            raise AssertionError(f"{invariant.__name__}: {error}\n{world.story()}") from error
    world.recorder.writes.clear()
    world.recorder.note_removals()
    world.answered.clear()


def _from_the_start(world: World, database: UUID) -> str:
    """The rule of a database that was there when the bot saw Heroku for the first time."""
    return "production" if database == world.production else "everything"


def _rule_of(world: World, target: UUID, *, is_space: bool) -> set[str]:
    """The rules that may judge a target: by what it was at first, or by what an admin has told of it."""
    if is_space:
        # By what is inside: nothing that is there from the start goes unnoticed, and what was destroyed
        # counts until that is proven. One that is not answered yet closes the space.
        there = {_from_the_start(world, id) for id in world.names() if id in world.from_the_start}
        if world.production not in world.names():
            # An admin may have said of any other that it takes its place.
            there = set()
        return {
            " + ".join(sorted(judged))
            for judged in ({"everything"}, {"production"}, {"everything", "production"})
            if there <= judged
        }
    if target in world.from_the_start:
        # Once production is destroyed, an admin may say of another that it takes its place from then on.
        gone = world.production not in world.names()
        return {_from_the_start(world, target), *(("production",) if gone else ())}
    rows = world.rows(
        "SELECT entries <> '{}', dismissed <> '{}', %s IN (name, known_name) FROM targets WHERE id = %s",
        DATABASE,
        target,
    )
    ((replaces, kept, named),) = rows
    if not (replaces or kept or named):
        # It came later, and never under the name of an entry: what covers nothing else covers it.
        return {"everything"}
    return ({"production"} if replaces else set()) | ({"everything"} if kept and not replaces else set())


# --- state of Heroku and the store -----------------------------------------------------------------

Entry = tuple[tuple[UUID, str], str]
"""Target and method, and what the entry allows."""


def _entries(world: World) -> list[Entry]:
    """Every entry that Heroku lists."""
    now, found = world.time.now(), []
    for id, name in world.names().items():
        found += [((id, "mtls"), rule.cidr) for rule in world.heroku.rules(name, now=now)]
        link = world.heroku.privatelink(name, now=now)
        if link is not None and link.status(now) != "Deprovisioned":
            found += [((id, "privatelink"), arn) for arn in link.accounts]
    rules = world.heroku.ruleset(world.space.name).rules
    return found + [((world.space.id, "trusted"), rule.source) for rule in rules]


def _serving(world: World) -> list[Entry]:
    """Every entry that is in effect at Heroku."""
    now, found = world.time.now(), []
    for id, name in world.names().items():
        rules = world.heroku.rules(name, now=now)
        found += [((id, "mtls"), rule.cidr) for rule in rules if rule.status == "Authorized"]
        link = world.heroku.privatelink(name, now=now)
        if link is not None and link.status(now) == "Operational":
            found += [
                ((id, "privatelink"), a.arn) for a in link.accounts.values() if a.status(now) == "Active"
            ]
    listed = world.heroku.ranges_in_force(world.space.name, now=now)
    if world.behavior.applied == "absent":
        # Where Heroku does not report whether a list is applied, only the list can be read back.
        listed = world.heroku.ruleset(world.space.name).rules
    return found + [((world.space.id, "trusted"), rule.source) for rule in listed]


def _ours(world: World) -> list[Entry]:
    """Entries that pgaccess created: rules by their marker, accounts and ranges by the store."""
    now, found = world.time.now(), []
    for id, name in world.names().items():
        rules = world.heroku.rules(name, now=now)
        found += [((id, "mtls"), rule.cidr) for rule in rules if rule.description.startswith("pgaccess/")]
    known = {
        ((target, method), entry)
        for target, method, entry in world.rows(
            "SELECT target_id, 'privatelink', arn FROM privatelink_accounts WHERE absent_at IS NULL "
            "UNION ALL SELECT target_id, 'trusted', source FROM trusted_ranges WHERE absent_at IS NULL"
        )
    }
    return found + [each for each in _entries(world) if each in known]


def _live(world: World, target: UUID, method: str) -> set[str]:
    """What grants allow that are applied or in force."""
    rows = world.rows(
        "SELECT subject FROM grants WHERE target_id = %s AND method = %s "
        "AND state IN ('applying', 'in_force')",
        target,
        method,
    )
    return {part for (subject,) in rows for part in subject_parts(subject)}


def _adopted(world: World, target: UUID, method: str) -> set[str]:
    """Adopted entries."""
    table, entry = {
        "mtls": ("mtls_rules", "network::text"),
        "privatelink": ("privatelink_accounts", "arn"),
        "trusted": ("trusted_ranges", "source"),
    }[method]
    rows = world.rows(
        f"SELECT {entry} FROM {table} WHERE target_id = %s AND adopted AND absent_at IS NULL", target
    )
    return {row[0] for row in rows}


def _dump(world: World) -> list[str]:
    tables = world.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [
        row[0] for (table,) in tables for row in world.rows(f'SELECT row_to_json(t)::text FROM "{table}" t')
    ]
