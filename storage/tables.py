"""All tables, and the partial indexes that keep the cost of each query independent of history."""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from bot.domain.access_review import Answer, ReviewedKind
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.download_link import DownloadLinkState
from bot.domain.operation import OperationState
from bot.domain.policy.rules import WhenOwnerLeaves
from bot.domain.reports.trouble import Trouble
from bot.domain.request import Kind, RequestState, Verdict
from bot.domain.trusted_ips.ruleset import DataServices
from bot.ports import MessageKind
from storage.types import Member, Network, Subject, UtcDateTime

OPEN: Final = "state NOT IN ('ended', 'failed')"
"""Grants with something left to do or to observe at Heroku."""

DOING: Final = "state = 'doing'"
"""Operations under way."""

RUNNING: Final = "state IN ('waiting', 'applying', 'in_force', 'interrupted')"
"""Grants with an end to come. As text: a prepared statement with parameters cannot use the partial index."""

PENDING: Final = "state = 'pending'"
"""Requests that wait for a decision."""

ENDING: Final = "state = 'ending'"
"""Grants that are to be closed at Heroku: they are reconciled first."""

TO_WARN: Final = "state = 'in_force' AND warn_at IS NOT NULL"
"""Grants with a warning to come."""

TO_REMIND: Final = "absent_at IS NULL AND status = 'ready' AND remind_at IS NOT NULL"
"""Certificates with an expiry reminder to come."""

UNSETTLED: Final = "about IS NOT NULL AND settled_at IS NULL"
"""Messages about findings that are still so, and about requests that they list."""

TO_CHECK: Final = "state = 'doing' AND check_at IS NOT NULL"
"""Operations that wait for a person, and that the scheduler checks."""

LINKED: Final = "state = 'open'"
"""Download links that were not used yet."""

NOT_CLOSED: Final = "closed_at IS NULL"
"""Closings that somebody waits for."""

NOT_OVER: Final = "ended_at IS NULL"
"""Outages of Heroku that go on."""

IGNORED: Final = "ignored_until IS NOT NULL AND absent_at IS NULL"
"""Unmanaged entries about which people are asked again later."""

CLOSED: Final = "closed_at IS NOT NULL"
"""Grants that have been in force, or failed, until a known moment."""

ENDED: Final = "state IN ('ended', 'failed')"
"""Grants with nothing left to do."""

NETWORKS: Final = "method <> 'privatelink'"
"""Requests whose subject is short: many accounts would not fit into one entry of an index."""

SEVERAL: Final = "method <> 'privatelink' AND subject LIKE '% %/%'"
"""Requests for several networks at once; a certificate's text has a blank too, and no slash."""

SHOWN: Final = "sent_version >= version"
"""Messages that Slack shows as they are, as far as is known: the opposite of those that are due."""

REMOVED: Final = "absent_at IS NOT NULL AND NOT adopted"
"""Entries that pgaccess opened for a grant and that are gone: what is told of them is told by the grant."""

NAMED_LEAVER: Final = "left_at IS NOT NULL AND name <> ''"
"""People who have left, and whose names are still known."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _lease() -> list[Column[Any]]:
    """Columns of a row that a worker can lease; all times are Postgres' own."""
    return [
        Column("due_at", UtcDateTime, server_default=func.now()),
        Column("lease", Uuid),
        Column("lease_until", UtcDateTime),
        Column("attempts", Integer, nullable=False, server_default="0"),
    ]


installation = Table(
    "installation",
    metadata,
    # A primary key that can only be true: whichever process is first, the table has one row.
    Column("only", Boolean, CheckConstraint("only", name="one_row"), primary_key=True, server_default="true"),
    Column("marker", Text, nullable=False),
    Column(
        "earlier", ARRAY(Text), nullable=False, server_default="{}", comment="markers of rules from before"
    ),
)

rate_budget = Table(
    "rate_budget",
    metadata,
    Column("only", Boolean, CheckConstraint("only", name="one_row"), primary_key=True, server_default="true"),
    Column("size", Double, nullable=False, server_default="4500", comment="Heroku's tokens of an account"),
    Column("refill", Double, nullable=False, server_default="1.25", comment="tokens a second"),
    Column("tokens", Double, nullable=False, server_default="4500"),
    Column(
        "observations", Double, nullable=False, server_default="1500", comment="tokens left for observations"
    ),
    Column("at", UtcDateTime, nullable=False, server_default=func.clock_timestamp()),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request_id", BigInteger),
    Column("at", UtcDateTime, nullable=False, server_default=func.now()),
    Index("ix_idempotency_keys_at", "at"),
)

slack_users = Table(
    "slack_users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("locale", Text, nullable=False, server_default=""),
    Column("zone", Text, nullable=False, server_default="UTC"),
    Column("deactivated", Boolean, nullable=False, server_default="false"),
    Column("bot", Boolean, nullable=False, server_default="false"),
    Column("guest", Boolean, nullable=False, server_default="false"),
    Column("external", Boolean, nullable=False, server_default="false"),
    Column("fetched_at", UtcDateTime, comment="Postgres time; null: a lookup was requested"),
    Column("known_at", UtcDateTime, comment="Postgres time of the last reading; null: never read"),
    Column("doubted_at", UtcDateTime, comment="Postgres time; only what is read after it settles the doubt"),
    Column("lookup_at", UtcDateTime, comment="Postgres time at which its lookup is due"),
    Column("waited_for", Boolean, nullable=False, server_default="false", comment="goes before others"),
    Column(
        "left_at", UtcDateTime, comment="Postgres time at which it was found deactivated; null: it is not"
    ),
    Index("ix_slack_users_deactivated", "id", postgresql_where=text("deactivated <> (left_at IS NOT NULL)")),
    Index("ix_slack_users_left", "left_at", postgresql_where=text(NAMED_LEAVER)),
    Index("ix_slack_users_lookup", "lookup_at", postgresql_where=text("fetched_at IS NULL")),
)

slack_groups = Table(
    "slack_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("members", ARRAY(Text), nullable=False),
    Column("fetched_at", UtcDateTime, server_default=func.now(), comment="null: an event put it in doubt"),
    Column("known_at", UtcDateTime, comment="Postgres time of the last reading; null: never read"),
    Column("doubted_at", UtcDateTime, comment="Postgres time; only what is read after it settles the doubt"),
    Column("due_at", UtcDateTime, nullable=False, server_default=func.now(), comment="of the next reading"),
    Column("error", Text, nullable=False, server_default="", comment="Slack's answer to the last reading"),
    Column("told", Text, nullable=False, server_default="", comment="the error that operations know of"),
)

targets = Table(
    "targets",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("is_space", Boolean, nullable=False, server_default="false"),
    Column("name", Text, nullable=False),
    Column("app", Text, nullable=False, server_default="", comment="of a database"),
    Column("space", Text, nullable=False, server_default="", comment="of a database"),
    Column("region", Text, nullable=False),
    Column("shield", Boolean, nullable=False),
    Column("plan", Text, nullable=False, server_default="", comment="of a database"),
    Column("config_var", Text, nullable=False, server_default="", comment="of a database"),
    Column("generation", Text, nullable=False, server_default="", comment="of a space"),
    Column("space_id", Uuid, comment="of a database"),
    Column("shown_as", Text, nullable=False, server_default="", comment="label where an app has several"),
    Column(
        "entries", JSONB, nullable=False, server_default="{}", comment="policy entries bound to it, since"
    ),
    Column("contested", ARRAY(Text), nullable=False, server_default="{}", comment="entries it may replace"),
    Column(
        "dismissed", ARRAY(Text), nullable=False, server_default="{}", comment="entries that mean another"
    ),
    Column(
        "listed_as", Text, nullable=False, server_default="", comment="name at the last discovery, if another"
    ),
    Column("known_name", Text, nullable=False, server_default="", comment="as first seen"),
    Column("known_app", Text, nullable=False, server_default="", comment="as first seen"),
    Column("known_space", Text, nullable=False, server_default="", comment="as first seen"),
    Column("absent_at", UtcDateTime, comment="time of the discovery that did not find it"),
    Column(
        "missing_at", UtcDateTime, comment="Postgres time of Heroku's first answer that it does not exist"
    ),
    Column(
        "gone_at", UtcDateTime, comment="Postgres time of the answer that proved it; null: it may be there"
    ),
)

target_names = Table(
    "target_names",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("app", Text, nullable=False, server_default="", comment="of a database"),
    Column("shown_as", Text, nullable=False, server_default="", comment="label, if another"),
    Column("since", UtcDateTime, comment="Postgres time; null: its first name here"),
    Index("ix_target_names_target_id", "target_id"),
    comment="what targets were called, and since when",
)

observation_gaps = Table(
    "observation_gaps",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("method", Member(Method), nullable=False),
    Column("since", UtcDateTime, comment="business time of the observation before; null: there was none"),
    Column("until", UtcDateTime, nullable=False, comment="business time of the observation after it"),
    Index("ix_observation_gaps_target_id", "target_id"),
    comment="when lists were not read for long: what was there then is not known",
)

outages = Table(
    "outages",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("trouble", Member(Trouble), nullable=False),
    Column("scope", Text, nullable=False, server_default="", comment="a target; empty: Heroku as a whole"),
    Column("labels", ARRAY(Text), nullable=False, server_default="{}", comment="targets that it has held up"),
    Column("status", Text, nullable=False, comment="HTTP status that the first of them met"),
    Column("error", Text, nullable=False, comment="error id that the first of them met"),
    Column("since", UtcDateTime, nullable=False, comment="business time"),
    Column("ended_at", UtcDateTime, comment="business time"),
    # At most one at a time for each trouble: what a further target meets is the same one.
    Index("ix_outages_open", "trouble", "scope", unique=True, postgresql_where=text(NOT_OVER)),
    comment="what operations were told of, until the all-clear",
)

reconcile_queue = Table(
    "reconcile_queue",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("method", Member(Method), nullable=False),
    Column("generation", BigInteger, nullable=False, server_default="0"),
    Column("reconciled_generation", BigInteger, nullable=False, server_default="0"),
    Column("observed_at", UtcDateTime),
    Column("observation", JSONB),
    *_lease(),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("trouble", Member(Trouble), comment="what keeps it from being reconciled; null: nothing"),
    Column("trouble_since", UtcDateTime, comment="business time"),
    Column("outage_id", BigInteger, ForeignKey(outages.c.id), comment="the one that it is part of"),
    UniqueConstraint("target_id", "method"),
    Index("ix_reconcile_queue_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_reconcile_queue_outage", "outage_id", postgresql_where=text("outage_id IS NOT NULL")),
)

requests = Table(
    "requests",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("kind", Member(Kind), nullable=False),
    Column("method", Member(Method), nullable=False),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("grant_id", Uuid, comment="the grant that is to be extended"),
    Column("rule", Text, nullable=False, comment="the policy's rule under which it was asked"),
    Column(
        "environment", Text, nullable=False, server_default="", comment="that it was judged by when asked"
    ),
    Column("required_approvals", Integer, nullable=False, comment="approvals that decide it"),
    Column("subject", Subject, nullable=False),
    Column("enables_mtls", Boolean, nullable=False, server_default="false", comment="mTLS first"),
    Column("duration", Interval),
    Column("until", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column(
        "alternatives",
        Text,
        nullable=False,
        server_default="",
        comment="why no other method of access will do",
    ),
    Column("requester", Text, nullable=False),
    Column("state", Member(RequestState), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("remind_at", UtcDateTime),
    Column("reminders", Integer, nullable=False, server_default="0"),
    Column("withdrawn", JSONB, comment="why it was withdrawn: key and values of a sentence"),
    Column("by_admins", Boolean, nullable=False, server_default="false", comment="admins decide as well"),
    Column("undecidable_at", UtcDateTime, comment="business time since which nobody can decide it"),
    Column(
        "narrowed_from",
        # Null is null here, and not a JSON value that counts as one.
        JSONB(none_as_null=True),
        comment="the terms that were asked for, where an approver narrowed them",
    ),
    Column(
        "told_directly",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="approvers who have its card as a direct message",
    ),
    Column("nonce", Text, comment="of its buttons; null: from before nonces"),
    Column("asker", Text, comment="who asked for the requester; null: they asked themselves"),
    Column("ticket", Text, nullable=False, server_default="", comment="that it names"),
    CheckConstraint("duration IS NULL OR until IS NULL", name="one_end"),
    Index("ix_requests_requester", "requester", "id"),
    Index("ix_requests_subject", "subject", "id", postgresql_where=text(NETWORKS)),
    Index(
        "ix_requests_networks",
        text("string_to_array(subject, ' ')"),
        postgresql_using="gin",
        postgresql_where=text(SEVERAL),
    ),
    Index("ix_requests_pending", "id", postgresql_where=text(PENDING)),
    Index("ix_requests_grant", "grant_id", postgresql_where=text("grant_id IS NOT NULL")),
    Index("ix_requests_lapse", "expires_at", postgresql_where=text(PENDING)),
    Index("ix_requests_remind", "remind_at", postgresql_where=text(f"{PENDING} AND remind_at IS NOT NULL")),
)

decisions = Table(
    "decisions",
    metadata,
    Column("request_id", BigInteger, ForeignKey(requests.c.id), primary_key=True),
    # Part of the key: of two decisions of one person at once, one is recorded.
    Column("person", Text, primary_key=True),
    Column("verdict", Member(Verdict), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("counts", Boolean, nullable=False, server_default="true", comment="the voter may approve now"),
)

closings = Table(
    "closings",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("person", Text, nullable=False, comment="who ended something and waits to hear of it"),
    Column("begun_at", UtcDateTime, nullable=False, comment="business time"),
    Column("late_at", UtcDateTime, comment="business time at which it takes too long; null: told"),
    Column("closed_at", UtcDateTime, comment="business time"),
    Index("ix_closings_open", "id", postgresql_where=text(NOT_CLOSED)),
    Index("ix_closings_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", BigInteger, ForeignKey(requests.c.id), nullable=False, unique=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("method", Member(Method), nullable=False),
    Column("owner", Text, nullable=False),
    Column("subject", Subject, nullable=False),
    Column("duration", Interval),
    Column("state", Member(GrantState), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, nullable=False, comment="Postgres time of the opening deadline"),
    Column("verified_at", UtcDateTime),
    Column("ends_at", UtcDateTime, comment="null: it has no end"),
    Column("extended", Interval, nullable=False, server_default="0"),
    Column("warn_at", UtcDateTime, comment="null: not verified yet, or the warning is recorded"),
    Column("closed_at", UtcDateTime),
    Column("reason_code", Member(ReasonCode)),
    Column("detail", Text, nullable=False, server_default=""),
    Column("kept_at", UtcDateTime, comment="business time at which an approver kept it in a review"),
    Column("kept_by", Text, comment="the approver who kept it"),
    Column("kept_under", Text, comment="what the policy said against it then"),
    Column("closing_id", BigInteger, ForeignKey(closings.c.id), comment="what a person ended it with"),
    Index("ix_grants_open", "target_id", "method", postgresql_where=text(OPEN)),
    Index("ix_grants_newest", "request_id", postgresql_where=text(OPEN)),
    Index("ix_grants_owner", "owner", "request_id", postgresql_where=text(OPEN)),
    Index("ix_grants_ending", "target_id", "method", postgresql_where=text(ENDING)),
    Index("ix_grants_ends", "ends_at", postgresql_where=text(RUNNING)),
    Index("ix_grants_warn", "warn_at", postgresql_where=text(TO_WARN)),
    Index("ix_grants_closed", "target_id", "closed_at", postgresql_where=text(CLOSED)),
    Index("ix_grants_ended", "closed_at", postgresql_where=text(ENDED)),
    Index("ix_grants_closing", "closing_id", postgresql_where=text("closing_id IS NOT NULL")),
)

operations = Table(
    "operations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("request_id", BigInteger, ForeignKey(requests.c.id), nullable=False, unique=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("method", Member(Method), nullable=False),
    Column("kind", Member(Kind), nullable=False),
    Column("subject", Subject, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Member(OperationState), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("deadline_at", UtcDateTime, nullable=False, comment="Postgres time of the deadline"),
    Column("closed_at", UtcDateTime),
    Column(
        "progress",
        JSONB,
        nullable=False,
        server_default="{}",
        comment="what the next reconcile run has to know",
    ),
    Column("reason_code", Member(ReasonCode)),
    Column("detail", Text, nullable=False, server_default=""),
    Column("check_at", UtcDateTime, comment="business time; null: it waits for no person"),
    Column("closing_id", BigInteger, ForeignKey(closings.c.id), comment="what a person began it with"),
    Index("ix_operations_doing", "target_id", "method", postgresql_where=text("state = 'doing'")),
    Index("ix_operations_check", "check_at", postgresql_where=text(TO_CHECK)),
    Index("ix_operations_closing", "closing_id", postgresql_where=text("closing_id IS NOT NULL")),
)

mtls_rule_intents = Table(
    "mtls_rule_intents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("network", Network, nullable=False),
    Column("marker", Text, nullable=False),
    Column("resolved", Boolean, nullable=False, server_default="false", comment="its outcome is known"),
    Column(
        "ambiguous_until", UtcDateTime, nullable=False, comment="Postgres time until which it may still land"
    ),
    Column("error", Text, nullable=False, server_default=""),
    Column("at", UtcDateTime, nullable=False, server_default=func.now()),
    Index("ix_mtls_rule_intents_open", "target_id", postgresql_where=text("NOT resolved")),
    Index("ix_mtls_rule_intents_resolved", "at", postgresql_where=text("resolved")),
)

mtls_rules = Table(
    "mtls_rules",
    metadata,
    # Not unique by network: Heroku may list two IP rules of one address, and each is removed by its own id.
    Column("rule_id", Uuid, primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("intent_id", Uuid, ForeignKey(mtls_rule_intents.c.id), comment="null: adopted"),
    Column("network", Network, nullable=False),
    Column("observed", Boolean, nullable=False, server_default="false"),
    Column("adopted", Boolean, nullable=False, server_default="false", comment="it stays without a grant"),
    Column("removal_requested_at", UtcDateTime, comment="Postgres time"),
    Column("absent_at", UtcDateTime, comment="Postgres time of the observation that proved it"),
    Index("ix_mtls_rules_present", "target_id", postgresql_where=text("absent_at IS NULL")),
    Index("ix_mtls_rules_absent", "target_id", "absent_at", postgresql_where=text("absent_at IS NOT NULL")),
    Index("ix_mtls_rules_removed", "absent_at", postgresql_where=text(REMOVED)),
    Index("ix_mtls_rules_intent_id", "intent_id"),
)

privatelink_accounts = Table(
    "privatelink_accounts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("arn", Text, nullable=False, comment="an AWS account allowed through PrivateLink"),
    Column("adopted", Boolean, nullable=False, server_default="false", comment="it stays without a grant"),
    Column("requested_at", UtcDateTime, nullable=False, server_default=func.now(), comment="Postgres time"),
    Column("ambiguous_until", UtcDateTime, comment="Postgres time until which it may still land"),
    Column("observed", Boolean, nullable=False, server_default="false"),
    Column("removal_requested_at", UtcDateTime, comment="Postgres time"),
    Column("absent_at", UtcDateTime, comment="Postgres time of the observation that proved it"),
    Column("error", Text, nullable=False, server_default=""),
    Index(
        # Unique among present rows only: an account that went may come back, and its old row stays.
        "ix_privatelink_accounts_present",
        "target_id",
        "arn",
        unique=True,
        postgresql_where=text("absent_at IS NULL"),
    ),
    Index("ix_privatelink_accounts_removed", "absent_at", postgresql_where=text(REMOVED)),
)

trusted_ranges = Table(
    "trusted_ranges",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("source", Text, nullable=False, comment="a trusted range that pgaccess wrote"),
    Column("requested_at", UtcDateTime, nullable=False, server_default=func.now(), comment="Postgres time"),
    Column("observed", Boolean, nullable=False, server_default="false"),
    Column("adopted", Boolean, nullable=False, server_default="false", comment="it stays without a grant"),
    Column("removal_requested_at", UtcDateTime, comment="Postgres time"),
    Column("absent_at", UtcDateTime, comment="Postgres time of the observation that proved it"),
    Index(
        "ix_trusted_ranges_present",
        "target_id",
        "source",
        unique=True,
        postgresql_where=text("absent_at IS NULL"),
    ),
    Index(
        "ix_trusted_ranges_absent", "target_id", "absent_at", postgresql_where=text("absent_at IS NOT NULL")
    ),
    Index("ix_trusted_ranges_removed", "absent_at", postgresql_where=text(REMOVED)),
)

ruleset_writes = Table(
    "ruleset_writes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("base_id", Uuid, nullable=False, comment="Heroku's id of the ruleset that it was made from"),
    Column("before", JSONB, nullable=False, comment="the list that it was made from"),
    Column("rules", JSONB, nullable=False, comment="the list as it was sent"),
    Column("added", ARRAY(Text), nullable=False),
    Column("removed", ARRAY(Text), nullable=False),
    Column("ruleset_id", Uuid, comment="Heroku's id of what came of it; null: the answer is not known"),
    Column("at", UtcDateTime, nullable=False, server_default=func.clock_timestamp()),
    Index("ix_ruleset_writes_target_id", "target_id"),
    comment="lists that pgaccess wrote, until it is known what others wrote around them",
)

unmanaged_entries = Table(
    "unmanaged_entries",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("method", Member(Method), nullable=False),
    Column("entry", Text, nullable=False, comment="Heroku's id of an IP rule; an ARN; a range's source"),
    Column("subject", Text, nullable=False, comment="what it allows: a network, an ARN"),
    Column("description", Text, nullable=False, server_default="", comment="as Heroku has it, cleaned"),
    Column("created_by", Text, nullable=False, server_default="", comment="empty: Heroku does not tell"),
    Column("first_seen_at", UtcDateTime, nullable=False, comment="business time"),
    Column(
        "absent_at", UtcDateTime, comment="business time of the observation that proved it; null: present"
    ),
    Column("ignored_until", UtcDateTime, comment="business time; null: not ignored"),
    Column("ignored_by", Text),
    Column("ignored_because", Text),
    Index(
        "ix_unmanaged_entries_present",
        "target_id",
        "method",
        "entry",
        unique=True,
        postgresql_where=text("absent_at IS NULL"),
    ),
    Index("ix_unmanaged_entries_target", "target_id", "first_seen_at"),
    Index(
        "ix_unmanaged_entries_ignored",
        "ignored_until",
        postgresql_where=text(IGNORED),
    ),
    Index("ix_unmanaged_entries_gone", "absent_at", postgresql_where=text("absent_at IS NOT NULL")),
    comment="entries that no grant covers, kept after they have gone: who could reach what, and when",
)

data_service_access = Table(
    "data_service_access",
    metadata,
    Column("target_id", Uuid, ForeignKey(targets.c.id), primary_key=True),
    Column("state", Member(DataServices), nullable=False, server_default="unknown"),
    Column("requested_at", UtcDateTime, comment="business time of the support ticket's text"),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("ambiguous_until", UtcDateTime, comment="Postgres time until which a write may still land"),
    Column("written_at", UtcDateTime, comment="Postgres time of the last write"),
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", Uuid, primary_key=True, comment="Heroku's"),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("request_id", BigInteger, ForeignKey(requests.c.id), comment="null: unmanaged"),
    Column("owner", Text),
    Column("purpose", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("expires_at", UtcDateTime, comment="as read, never computed"),
    Column("first_seen_at", UtcDateTime, nullable=False, server_default=func.now(), comment="Postgres time"),
    Column("last_seen_at", UtcDateTime, nullable=False, server_default=func.now(), comment="Postgres time"),
    Column("absent_at", UtcDateTime, comment="Postgres time of the observation that proved it"),
    Column("delivered_at", UtcDateTime, comment="business time of the last download"),
    Column("owner_left_at", UtcDateTime, comment="business time at which its owner was found to be gone"),
    Column("reminder_step", Integer, comment="days before the end, of the last reminder"),
    Column("acknowledged_at", UtcDateTime, comment="business time"),
    Column("acknowledged_by", Text),
    Column("snoozed_until", UtcDateTime, comment="business time"),
    Column("snoozes", Integer, nullable=False, server_default="0"),
    Column("remind_at", UtcDateTime, comment="business time of the next reminder"),
    Index("ix_certificates_present", "target_id", postgresql_where=text("absent_at IS NULL")),
    Index("ix_certificates_request", "request_id"),
    Index("ix_certificates_remind", "remind_at", postgresql_where=text(TO_REMIND)),
)

download_links = Table(
    "download_links",
    metadata,
    Column("id", Uuid, primary_key=True, comment="not secret: it is part of addresses"),
    Column("certificate_id", Uuid, ForeignKey(certificates.c.id), nullable=False),
    Column("request_id", BigInteger, ForeignKey(requests.c.id), nullable=False),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("owner", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the link's secret"),
    Column("state", Member(DownloadLinkState), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("guesses", Integer, nullable=False, server_default="0"),
    Column("delivered_at", UtcDateTime),
    Column("lease", Uuid),
    Column("lease_until", UtcDateTime, comment="Postgres time until which a download is being served"),
    Index("ix_download_links_open", "certificate_id", postgresql_where=text(LINKED)),
    Index("ix_download_links_over", "expires_at", postgresql_where=text("state <> 'open'")),
)

address_checks = Table(
    "address_checks",
    metadata,
    Column("id", Uuid, primary_key=True, comment="not secret: it is part of URLs"),
    Column("digest", LargeBinary, nullable=False, comment="SHA-256 of the link's secret"),
    Column("owner", Text, nullable=False),
    Column("target", Text, comment="as typed"),
    Column("duration", Text, comment="as typed"),
    Column("until", Text, comment="as typed"),
    Column("reason", Text),
    Column("expires_at", UtcDateTime, nullable=False, comment="business time"),
    Column("request_id", BigInteger, ForeignKey(requests.c.id)),
    Index("ix_address_checks_expires_at", "expires_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("key", Text, nullable=False, unique=True, comment="makes a message unique"),
    Column("kind", Member(MessageKind), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("request_id", BigInteger, ForeignKey(requests.c.id)),
    Column("params", JSONB, nullable=False, server_default="{}"),
    Column("channel", Text),
    Column("ts", Text),
    Column("posting_since", UtcDateTime, comment="Postgres time of an attempt whose answer is not recorded"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("sent_version", Integer, nullable=False, server_default="0"),
    Column("asserts", Text, comment="what has to stay as it is for the message to stay true"),
    Column("about", ARRAY(Text), comment="requests that it lists, findings that it reports"),
    Column("settled_at", UtcDateTime, comment="business time at which its finding was no longer so"),
    Column("shown", Text, comment="digest of what Slack shows; null: not known"),
    *_lease(),
    Index("ix_outbox_due", "due_at", postgresql_where=text("sent_version < version")),
    Index("ix_outbox_shown", "due_at", "id", postgresql_where=text(SHOWN)),
    Index("ix_outbox_request", "request_id"),
    Index(
        "ix_outbox_about",
        "about",
        postgresql_using="gin",
        postgresql_where=text(UNSETTLED),
    ),
)

access_reviews = Table(
    "access_reviews",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False, comment="business time"),
    Column("answer_by", UtcDateTime, nullable=False, comment="business time"),
    Column("told_at", UtcDateTime, comment="business time at which its end was recorded; null: not yet"),
    comment="when what lasts long was reviewed",
)

access_review_items = Table(
    "access_review_items",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("review_id", BigInteger, ForeignKey(access_reviews.c.id), nullable=False),
    Column("group_number", BigInteger, nullable=False, comment="of its approvers in the review, from 1 on"),
    Column("approvers", ARRAY(Text), nullable=False, comment="people and groups who were asked"),
    Column("kind", Member(ReviewedKind), nullable=False),
    Column("request_id", BigInteger, ForeignKey(requests.c.id), nullable=False),
    Column("certificate_id", Uuid, ForeignKey(certificates.c.id), comment="of a certificate"),
    Column("target_id", Uuid, ForeignKey(targets.c.id), nullable=False),
    Column("owner", Text, nullable=False),
    Column("label", Text, nullable=False, comment="the target's name on the day of the review"),
    Column("subject", Text, nullable=False, comment="what it allows"),
    Column("ends_at", UtcDateTime, comment="as it was asked about; null: it has no end"),
    Column("answer", Member(Answer), comment="null: nobody has answered"),
    Column("answered_by", Text),
    Column("answered_at", UtcDateTime, comment="business time"),
    Column("because", Text, nullable=False, server_default=""),
    CheckConstraint(
        "(answer IS NULL) = (answered_by IS NULL) AND (answer IS NULL) = (answered_at IS NULL)",
        name="answered_whole",
    ),
    Index("ix_access_review_items_group", "review_id", "group_number", "id"),
    comment="what an access review asks of, and what was answered",
)

lost_channels = Table(
    "lost_channels",
    metadata,
    Column("id", Text, primary_key=True, comment="Slack id"),
    Column("error", Text, nullable=False, comment="Slack's answer to the last attempt"),
    Column("since", UtcDateTime, nullable=False, comment="business time"),
    Column("told", ARRAY(Text), nullable=False, comment="who hears of it, and of its end"),
    comment="channels that take no messages, until one arrives again",
)

periodic_tasks = Table(
    "periodic_tasks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("progress", JSONB, nullable=False, server_default="{}", comment="of a task in several steps"),
)

policy_state = Table(
    "policy_state",
    metadata,
    Column("only", Boolean, CheckConstraint("only", name="one_row"), primary_key=True, server_default="true"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the last policy that could be read"),
    Column("approvals_channel", Text, nullable=False),
    Column("operations_channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("warn_before", Interval, nullable=False),
    Column("when_owner_leaves", Member(WhenOwnerLeaves), nullable=False),
    Column("read_at", UtcDateTime, nullable=False, server_default=func.now(), comment="Postgres time"),
    Column("unreadable_since", UtcDateTime, comment="business time; null: the last start could read it"),
    comment="what a worker goes on with while the policy cannot be read",
)

# The trigger that refuses changes is in the first revision: SQLAlchemy's metadata has no triggers.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", UtcDateTime, nullable=False, comment="business time"),
    Column("written_at", UtcDateTime, nullable=False, server_default=func.now()),
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("request_id", BigInteger),
    Column("target_id", Uuid),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Column(
        "terms",
        # A line from before terms were kept has none: null, and not a JSON value that counts as one.
        JSONB(none_as_null=True),
        comment="of its request and grant, as they are after the change",
    ),
    Column("seal", BigInteger, comment="place in the chain, in the order of sealing"),
    Column("digest", LargeBinary),
    # Behind the sealer's lock: no two lines ever get the same place in the chain.
    UniqueConstraint("seal"),
    CheckConstraint("(seal IS NULL) = (digest IS NULL)", name="sealed_whole"),
    Index("ix_audit_unsealed", "id", postgresql_where=text("seal IS NULL")),
    Index("ix_audit_request", "request_id"),
)
