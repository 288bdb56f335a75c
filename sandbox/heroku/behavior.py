"""Settings: durations of transitions, and behavior that Heroku does not document.

Facts about the mTLS API come from its only public client, the Terraform provider herokux (c822fb4,
2025-08), and the samples published with it (2020-09). What no public source documents is a field here, so
that a client can be tested against each case.
"""

from dataclasses import astuple, dataclass, fields
from typing import Literal, Self

from sandbox.heroku.model.certificate_authority import KeyFormat

Dates = Literal["rfc3339", "offset", "utc"]
"""How the Data API writes a time: ``2026-01-05T10:00:00.000+00:00``, ``2026-01-05 10:00:00 +0000`` or
``2026-01-05 10:00:00 UTC``. The first was seen in 2020; herokux reads all three since 2025."""


HostBits = Literal["kept", "masked", "refused"]
"""What happens to the bits of an address that lie outside its network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionTimes:
    """Durations of transitions, in real seconds.

    Heroku takes minutes (herokux waits up to 10 for an endpoint, up to 20 for a rule); the defaults are fast
    enough to watch and slow enough to be seen. No source reports a ruleset that takes time to be applied.

    Attributes:
        provision: Of an mTLS endpoint.
        authorize: Of an IP rule.
        deprovision: Until a disabled mTLS endpoint is a 404.
        apply: Until a ruleset that was put is in force.
        certify: Until a client certificate is ready (42 s in the one sample).
        invalidate: Until a deleted client certificate is ``disabled``; it is invalid at once.
        link: Of a PrivateLink endpoint (herokux documentation: 5 to 10 minutes).
        admit: Of an account that may connect (Heroku Dev Center: 5 to 30 minutes).
        unlink: For how long a destroyed PrivateLink endpoint is still ``Deprovisioned`` before it is a 404.
        publish: Until Amazon knows the service of an operational PrivateLink endpoint (about 30 s).
        connect: Until a customer's VPC endpoint is available.
        announce: From then until config vars tell its URL (5 to 15 minutes).
    """

    provision: float = 6.0
    authorize: float = 3.0
    deprovision: float = 4.0
    apply: float = 0.0
    certify: float = 4.0
    invalidate: float = 2.0
    link: float = 6.0
    admit: float = 3.0
    unlink: float = 4.0
    publish: float = 1.0
    connect: float = 2.0
    announce: float = 3.0

    def __post_init__(self) -> None:
        if min(astuple(self)) < 0:
            raise ValueError("a duration cannot be negative")

    @classmethod
    def of(cls, seconds: float) -> Self:
        """Return times in which every transition takes the same."""
        return cls(**{each.name: seconds for each in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """Undocumented behavior. The defaults are the most likely ones.

    Attributes:
        provisioning_errors: Share of GETs of a provisioning endpoint that answer 500, which herokux found to
            happen at times (commit 51bdd4f). 0 is never, 1 always.
        dates: How the Data API writes times; since 2025 probably with a space.
        uuid_in_path: Whether the Data API takes an add-on's UUID as well as its name. Its official clients
            send UUIDs to most of its paths since 2017 (heroku/heroku-pg#102); for ``tls-endpoint`` sources
            disagree.
        rename_lag: Seconds until the Data API knows a renamed add-on by its new name; it has "sync issues"
            (heroku/heroku-pg#103, heroku/cli#2042), which nobody measured.
        data_bearer: Whether ``tls-endpoint`` and ``private-link`` take a Bearer token too. All clients send
            Basic there, and some send Bearer to other paths of that host.
        created: Status of a rule that was added; unrecorded, like the endpoint's.
        deleted: Status of a rule that was removed; unrecorded, like the endpoint's. 204 has no body.
        full: Status at the 61st rule; unrecorded.
        off: Status of adding a rule or a certificate while mTLS is not operational; refused, with a status
            nobody recorded.
        enabled_already: Status of enabling mTLS again; unrecorded.
        unsupported: Status of enabling mTLS or PrivateLink on a plan without it; unrecorded.
        duplicates: What happens to a CIDR that is there already; unrecorded.
        readd_error_seconds: For how long after its removal a CIDR cannot be added again but answers 500;
            herokux warns of it and nobody measured it. 0 is never.
        first_certificate: When the certificate that enabling mTLS makes by itself is seen for the first time:
            at once or when the endpoint is operational; unrecorded.
        validity_days: From a certificate's creation to its end. Documented is a year; the one sample has 395
            days.
        pending_key: What stands for key and chain while a certificate is pending: nothing or null;
            unrecorded.
        key_format: How private keys are written; the sample is cut after ``BEGIN``.
        certificate_deleted: Status of a certificate that was deleted; unrecorded. 204 has no body.
        link_created: Status of a PrivateLink endpoint that was made; unrecorded, the official plugin's tests
            use a 200.
        link_deleted: Status of one that was destroyed; unrecorded. 204 has no body.
        link_already: Status of making a second one, also while the first is ``Deprovisioned``; unrecorded.
        no_accounts: Status of a list of accounts that is empty; refused, with a status nobody recorded.
        accounts_changed: Status of accounts that were added or removed; unrecorded.
        absent_account: Status of removing an account that is not there; unrecorded. Below 400 it changes
            nothing, else it refuses the whole list.
        most_accounts: How many accounts an endpoint may have; unrecorded. None is any number.
        too_many_accounts: Status of one more than that; unrecorded.
        accounts_while_provisioning: What happens to changes of accounts while the endpoint is being made;
            unrecorded. A refusal is a 422.
        removed_account: What becomes of a VPC endpoint whose account is removed. Amazon leaves what is
            connected (PrivateLink guide, "Configure an endpoint service"); whether Heroku cuts it nobody
            told.
        connection_waiting: Status of a VPC endpoint before it is ``Available``, the only word on record.
        service_name_early: How the name of the service is missing while the endpoint is being made: the
            official plugin reads both.
        account_ids: Whether accounts have their number beside the ARN; herokux reads it, the official plugin
            does not know it.
        legacy_accounts: Whether ``whitelisted_accounts`` is still there as field and path; it was in 2020.
        pool: Request tokens of the account, full.
        refill: Request tokens that come back each minute.
        data_api_counts: Whether calls of the Data API take request tokens too; unrecorded.
        retry_after: Seconds in the header ``Retry-After`` of a 429; None is no such header: none is
            documented.
        etags: Whether the Platform API's GETs bring an ``ETag`` and answer ``If-None-Match`` with 304: so
            documented, used by no official client.
        data_scopes: Which of a token's scopes the Data API takes; unrecorded, ``global`` will do.
        deleted_addon: Status of asking for an add-on that was destroyed. 404 is usual; the table of errors
            has 410 too, and nobody recorded for what.
        ruleset_created: Status of a ruleset that was put; the schema calls it "Create", the official CLI's
            tests play a 200.
        ranges_full: Status of a ruleset with more than 20 ranges; unrecorded.
        fir_ruleset: Status of a ruleset for a Fir space, which cannot be customised; unrecorded.
        duplicate_ranges: What happens to a ruleset that has a source twice; unrecorded.
        host_bits: What happens to a source such as ``10.0.0.1/8``, which the schema's pattern allows and the
            official CLI's tests contain: it is kept as it is, masked to its network, or refused; unrecorded.
        applied: What a ruleset says of itself: ``true`` when it has come into force; ``false`` where each
            one is stored only and comes into force when it is put again; ``absent`` where it comes into
            force and does not say so. The official CLI reads all three.
        history: What the list of a space's rulesets answers: all there ever were, which nobody confirmed;
            the current one alone; none; 404; 500.
        history_order: Which of the rulesets comes first; unrecorded.
        team_admin: Whether the token's account is an admin of the team: others may look at a ruleset and not
            put one (Heroku Dev Center, private-spaces-trusted-ip-ranges).
    """

    provisioning_errors: float = 0.3
    dates: Dates = "offset"
    uuid_in_path: bool = True
    rename_lag: float = 0.0
    created: int = 201
    deleted: int = 202
    full: int = 422
    off: int = 404
    enabled_already: int = 422
    unsupported: int = 422
    duplicates: Literal["allow", "refuse"] = "allow"
    readd_error_seconds: float = 0.0
    data_bearer: bool = True
    first_certificate: Literal["at_once", "when_operational"] = "when_operational"
    validity_days: int = 395
    pending_key: Literal["absent", "null"] = "absent"
    key_format: KeyFormat = "pkcs8"
    certificate_deleted: int = 202
    link_created: int = 201
    link_deleted: int = 202
    link_already: int = 422
    no_accounts: int = 422
    accounts_changed: int = 202
    absent_account: int = 202
    most_accounts: int | None = None
    too_many_accounts: int = 422
    accounts_while_provisioning: Literal["take", "refuse"] = "take"
    removed_account: Literal["left", "cut"] = "left"
    connection_waiting: str = "Pending"
    service_name_early: Literal["absent", "empty"] = "absent"
    account_ids: bool = True
    legacy_accounts: bool = False
    pool: int = 4500
    refill: float = 75.0
    data_api_counts: bool = True
    retry_after: int | None = None
    etags: bool = True
    data_scopes: tuple[str, ...] = ("global",)
    deleted_addon: Literal[404, 410] = 404
    ruleset_created: int = 201
    ranges_full: int = 422
    fir_ruleset: int = 422
    duplicate_ranges: Literal["allow", "refuse"] = "allow"
    host_bits: HostBits = "kept"
    applied: Literal["true", "false", "absent"] = "true"
    history: Literal["complete", "current", "empty", "missing", "error"] = "complete"
    history_order: Literal["newest", "oldest"] = "newest"
    team_admin: bool = True
