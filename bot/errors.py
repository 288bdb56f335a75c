"""Exceptions, in families by who has to act: the person, the operator, or nobody yet."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum


class Refusal(StrEnum):
    """Why a request was refused; each reason has a sentence with an example in every language.

    The value is the key in the language files, below ``refused.``.
    """

    # The command as a whole.
    LINE_TOO_LONG = "line_too_long"
    LINE_CONTROL = "line_control"
    # Its words.
    UNKNOWN_WORD = "unknown_word"
    UNKNOWN_HERE = "unknown_here"
    WORD_TOO_MANY = "word_too_many"
    NUMBER_UNREADABLE = "number_unreadable"
    NUMBER_MISSING = "number_missing"
    CLAUSE_EMPTY = "clause_empty"
    CLAUSE_TWICE = "clause_twice"
    CLAUSE_BOTH_ENDS = "clause_both_ends"
    # The address.
    ADDRESS_EMPTY = "address_empty"
    ADDRESS_UNREADABLE = "address_unreadable"
    ADDRESS_ME = "address_me"
    BROWSER_UNKNOWN = "browser_unknown"
    BROWSER_UNREADABLE = "browser_unreadable"
    ADDRESS_SEVERAL = "address_several"
    ADDRESS_TOO_MANY = "address_too_many"
    ADDRESS_PART = "address_part"
    ADDRESS_HOST_NAME = "address_host_name"
    ADDRESS_IPV6 = "address_ipv6"
    ADDRESS_PORT = "address_port"
    ADDRESS_LEADING_ZERO = "address_leading_zero"
    ADDRESS_NETMASK = "address_netmask"
    ADDRESS_PREFIX = "address_prefix"
    ADDRESS_HOST_BITS = "address_host_bits"
    ADDRESS_EVERYWHERE = "address_everywhere"
    ADDRESS_TOO_WIDE = "address_too_wide"
    ADDRESS_PRIVATE = "address_private"
    ADDRESS_LOOPBACK = "address_loopback"
    ADDRESS_LINK_LOCAL = "address_link_local"
    ADDRESS_CGNAT = "address_cgnat"
    ADDRESS_MULTICAST = "address_multicast"
    ADDRESS_RESERVED = "address_reserved"
    ADDRESS_WIDER_THAN_POLICY = "address_wider_than_policy"
    # The AWS account.
    ACCOUNT_EMPTY = "account_empty"
    ACCOUNT_UNREADABLE = "account_unreadable"
    ACCOUNT_DIGITS = "account_digits"
    ACCOUNT_ROLE = "account_role"
    ACCOUNT_OTHER = "account_other"
    ACCOUNT_PARTITION = "account_partition"
    ACCOUNTS_TOO_MANY = "accounts_too_many"
    # How long.
    DURATION_UNREADABLE = "duration_unreadable"
    DURATION_IS_END = "duration_is_end"
    DURATION_NO_UNIT = "duration_no_unit"
    DURATION_TOO_SHORT = "duration_too_short"
    DURATION_TOO_LONG = "duration_too_long"
    DURATION_FOREVER = "duration_forever"
    END_UNREADABLE = "end_unreadable"
    END_IS_DURATION = "end_is_duration"
    END_PAST = "end_past"
    TIME_UNCLEAR = "time_unclear"
    TIME_MISSING = "time_missing"
    START_PAST = "start_past"
    START_LATER = "start_later"
    MOMENT_UNREADABLE = "moment_unreadable"
    MOMENT_AHEAD = "moment_ahead"
    # Why.
    REASON_SHORT = "reason_short"
    TICKET_MISSING = "ticket_missing"
    TICKET_UNREADABLE = "ticket_unreadable"
    BEHALF_UNKNOWN = "behalf_unknown"
    BEHALF_NOT_ALLOWED = "behalf_not_allowed"
    BEHALF_NOT_MEMBER = "behalf_not_member"
    REASON_MISSING = "reason_missing"
    REASON_LONG = "reason_long"
    REASON_CREDENTIAL = "reason_credential"
    ALTERNATIVES_MISSING = "alternatives_missing"
    ALTERNATIVES_LONG = "alternatives_long"
    # To what.
    TARGET_UNREAD = "target_unread"
    TARGET_NONE = "target_none"
    TARGET_GONE = "target_gone"
    TARGET_UNLISTED = "target_unlisted"
    TARGET_UNKNOWN = "target_unknown"
    TARGET_MISSING = "target_missing"
    TARGET_AMBIGUOUS = "target_ambiguous"
    WHO_UNKNOWN = "who_unknown"
    # Who.
    PERSON_UNKNOWN = "person_unknown"
    COLLEAGUE_UNKNOWN = "colleague_unknown"
    GROUPS_UNKNOWN = "groups_unknown"
    PERSON_INACTIVE = "person_inactive"
    PERSON_OUTSIDE = "person_outside"
    APPROVER_SELF = "approver_self"
    APPROVER_NOT = "approver_not"
    ALREADY_VOTED = "already_voted"
    NOT_YOURS = "not_yours"
    REQUESTER_GONE = "requester_gone"
    PERSON_NAMELESS = "person_nameless"
    PERSON_REVOKED = "person_revoked"
    LIST_NOT_YOURS = "list_not_yours"
    WHO_NOT_ALLOWED = "who_not_allowed"
    REVOKE_REASON = "revoke_reason"
    REVOKE_NOTHING = "revoke_nothing"
    REVOKE_NOT_ALLOWED = "revoke_not_allowed"
    # What the policy says.
    POLICY_DENIES = "policy_denies"
    POLICY_SILENT = "policy_silent"
    POLICY_UNREADABLE = "policy_unreadable"
    TARGET_CONTESTED = "target_contested"
    TARGET_UNMATCHED = "target_unmatched"
    REPLACEMENT_ADMINS = "replacement_admins"
    REPLACEMENT_GONE = "replacement_gone"
    REPLACEMENT_SETTLED = "replacement_settled"
    REPLACEMENT_UNNAMED = "replacement_unnamed"
    NOBODY_DECIDES = "nobody_decides"
    PENDING_TOO_MANY = "pending_too_many"
    # The request's own state.
    REQUEST_DECIDED = "request_decided"
    REQUEST_CLOSED = "request_closed"
    REQUEST_CHANGED = "request_changed"
    REQUEST_OVER = "request_over"
    PRESET_GONE = "preset_gone"
    REPEAT_NOT_OVER = "repeat_not_over"
    REPEAT_NO_FORM = "repeat_no_form"
    REQUEST_UNKNOWN = "request_unknown"
    REQUEST_OF_ANOTHER_STORE = "request_of_another_store"
    REQUEST_WITHDRAWN = "request_withdrawn"
    TERMS_WIDER = "terms_wider"
    # What the person has already.
    ALREADY_OPEN = "already_open"
    ALREADY_ASKED = "already_asked"
    ALREADY_COVERED = "already_covered"
    # The grant's own state.
    GRANT_CLOSING = "grant_closing"
    GRANT_OVER = "grant_over"
    GRANT_NOT_OPEN = "grant_not_open"
    GRANT_NOT_FAILED = "grant_not_failed"
    GRANT_NOT_INTERRUPTED = "grant_not_interrupted"
    KEEP_NOT_NEEDED = "keep_not_needed"
    # An item of an access review.
    REVIEW_OWN = "review_own"
    REVIEW_ANSWERED = "review_answered"
    REVIEW_GONE = "review_gone"
    REVIEW_OVER = "review_over"
    REVIEW_REASON = "review_reason"
    REOPENING_PENDING = "reopening_pending"
    RETRY_ASKS_AGAIN = "retry_asks_again"
    RETRY_DECIDED_ANEW = "retry_decided_anew"
    EXTEND_NOT_TIMED = "extend_not_timed"
    EXTEND_PAST_LONGEST = "extend_past_longest"
    # What the target allows.
    NOTHING_THERE = "nothing_there"
    CLOSING_ALREADY = "closing_already"
    SPACE_MISSING = "space_missing"
    SPACE_UNKNOWN = "space_unknown"
    SPACE_NONE = "space_none"
    TRUSTED_SHIELD = "trusted_shield"
    TRUSTED_FIR = "trusted_fir"
    TRUSTED_UNSEEN = "trusted_unseen"
    TRUSTED_ONLY = "trusted_only"
    RANGES_FULL = "ranges_full"
    RANGES_FULL_UNTIL = "ranges_full_until"
    RANGE_NOT_THERE = "range_not_there"
    RANGE_OURS = "range_ours"
    SUPPORT_ADMINS = "support_admins"
    SUPPORT_SETTLED = "support_settled"
    RULE_OURS = "rule_ours"
    # Findings.
    FINDING_OF_ANOTHER_STORE = "finding_of_another_store"
    FINDING_OVER = "finding_over"
    FINDING_APPROVERS = "finding_approvers"
    FINDING_PENDING = "finding_pending"
    FINDING_FIXED = "finding_fixed"
    FINDING_NEEDED = "finding_needed"
    IGNORE_UNTIL = "ignore_until"
    # PrivateLink.
    LINK_PLAN = "link_plan"
    LINK_NONE = "link_none"
    LINK_CLOSING = "link_closing"
    LINK_SOME = "link_some"
    LINK_NAME = "link_name"
    LINK_UNSEEN = "link_unseen"
    LINK_NOBODY = "link_nobody"
    LINK_OURS = "link_ours"
    # Which certificate.
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    CERTIFICATE_AMBIGUOUS = "certificate_ambiguous"
    CERTIFICATE_OFF = "certificate_off"
    CERTIFICATE_REMOVING = "certificate_removing"
    CERTIFICATE_NOT_OFFERED = "certificate_not_offered"
    CERTIFICATE_OWNED = "certificate_owned"
    CERTIFICATE_ENDED = "certificate_ended"
    CERTIFICATE_OTHERS = "certificate_others"
    CERTIFICATE_REVOKED = "certificate_revoked"
    ASSIGN_SELF = "assign_self"
    ASSIGN_UNKNOWN = "assign_unknown"
    ASSIGN_NOT_ALLOWED = "assign_not_allowed"
    ASSIGN_NEEDS_OTHERS = "assign_needs_others"
    # A certificate's files.
    FILES_NOT_YOURS = "files_not_yours"
    FILES_UNMANAGED = "files_unmanaged"
    FILES_NO_ADDRESS = "files_no_address"
    FILES_UNSENT = "files_unsent"
    # A certificate's expiry and rotation.
    CERTIFICATE_NOT_READY = "certificate_not_ready"
    REMINDER_PAST = "reminder_past"
    SNOOZE_SPENT = "snooze_spent"
    SNOOZE_LATE = "snooze_late"
    ROTATION_OPEN = "rotation_open"
    ROTATION_NOT_WAITING = "rotation_not_waiting"
    ROTATION_OLD_GOING = "rotation_old_going"
    ROTATION_NO_TEST = "rotation_no_test"
    # What the database supports and has room for.
    MTLS_NOT_ENABLED = "mtls_not_enabled"
    MTLS_PLAN = "mtls_plan"
    MTLS_ENABLED = "mtls_enabled"
    MTLS_ENABLING = "mtls_enabling"
    MTLS_CLOSING = "mtls_closing"
    MTLS_OFF = "mtls_off"
    MTLS_UNSEEN = "mtls_unseen"
    MTLS_NAME = "mtls_name"
    RULES_FULL = "rules_full"
    RULES_FULL_UNTIL = "rules_full_until"


class PgaccessError(Exception):
    """Root of all exceptions that pgaccess raises on purpose."""


class Refused(PgaccessError):
    """The person has to act: the request cannot be done as it is, and nothing was recorded.

    Args:
        reason: selects the sentence shown.
        params: values of the sentence's placeholders; plain values, never secrets.
    """

    def __init__(self, reason: Refusal, **params: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.params: Mapping[str, object] = params

    @property
    def key(self) -> str:
        """The key of its sentence in the catalogue."""
        return f"refused.{self.reason}"


class MisconfiguredError(PgaccessError):
    """The operator has to act: a setting, the policy or a token is wrong. The message names it."""


class TryAgainError(PgaccessError):
    """Nobody has to act yet: something is unreachable, and the same work may succeed later."""


class StoreUnavailableError(TryAgainError):
    """Postgres did not answer in time, or the connection was lost; nothing may be recorded."""


class NotMigratedError(StoreUnavailableError):
    """The database has no schema yet, or an older one: the operator runs ``migrate``, and all goes on."""

    def __init__(self) -> None:
        super().__init__("the database is not migrated to this version: run `pgaccess migrate`")


class StoreDeniedError(StoreUnavailableError):
    """The role may not read what it has to: the operator grants it more."""


class LeaseLostError(TryAgainError):
    """Another process may hold the lease by now: stop without another call or write."""


class HerokuError(PgaccessError):
    """Heroku did not carry out a call.

    Args:
        status: the HTTP status, or 0 when there was no answer.
        id: Heroku's error id, for example ``not_found``; empty if the body was not an error object.
        message: Heroku's own message, shortened; never contains a secret that was sent.
    """

    def __init__(self, status: int, id: str = "", message: str = "") -> None:
        super().__init__(f"Heroku answered {status} {id} {message}".strip())
        self.status = status
        self.id = id
        self.message = message


class HerokuRefusedError(HerokuError):
    """A definite rejection (4xx): the change was not made, and repeating it unchanged will not help."""


class HerokuNotFoundError(HerokuRefusedError):
    """A 404 with Heroku's own ``not_found`` body: the resource does not exist, or was renamed."""


class HerokuUnknownAddonError(HerokuError, TryAgainError):
    """Heroku does not know the add-on: nothing was done, and nothing is known of what the add-on has.

    The Data API says "Couldn't find that add-on" of one that was renamed a while ago (heroku/heroku-pg#103).
    """


class HerokuUnauthorizedError(HerokuRefusedError):
    """401 or 403: the operator has to renew the token or its permissions."""


class HerokuBusyError(HerokuError, TryAgainError):
    """A rejection that passes by itself, such as during a version upgrade: nothing was done."""


class HerokuRateLimitedError(HerokuError, TryAgainError):
    """429: nothing was done; the rate limit has to refill first.

    Args:
        retry_after: how long Heroku wants to be left alone, if it says so.
        status: as for every ``HerokuError``, with the two after it.
    """

    def __init__(
        self, status: int, id: str = "", message: str = "", *, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(status, id, message)
        self.retry_after = retry_after


class RateBudgetExhaustedError(HerokuRateLimitedError):
    """Heroku was not called: the rate budget has no tokens left for this priority."""

    def __init__(self) -> None:
        super().__init__(429, "saving", "our own budget of calls is spent for now")


class HerokuAmbiguousError(HerokuError, TryAgainError):
    """No response, a server error or an unreadable one: the change may or may not have been made."""


class PagerError(PgaccessError):
    """The pager did not take a page. The message says why, and holds neither its address nor its key."""


class SlackError(PgaccessError):
    """Slack did not accept a call.

    Args:
        code: Slack's error code, for example ``channel_not_found``; ``unreachable`` without a response.
        retry_after_s: Slack's ``Retry-After``, in seconds, if sent.
        unclear: whether the message may have been posted all the same.
    """

    def __init__(self, code: str, *, retry_after_s: float | None = None, unclear: bool = False) -> None:
        super().__init__(f"Slack answered {code}")
        self.code = code
        self.retry_after_s = retry_after_s
        self.unclear = unclear
