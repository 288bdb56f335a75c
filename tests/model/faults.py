"""Faults that a step may inject, and the undocumented behavior of Heroku."""

from typing import Final

from hypothesis import strategies as st

from sandbox.heroku import fault_injection as heroku
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.fault_injection import Fault as HerokuFault
from sandbox.heroku.odd_entries import FORMS
from sandbox.slack import fault_injection as slack
from sandbox.slack.fault_injection import Fault as SlackFault

HEROKU: Final[tuple[HerokuFault, ...]] = (
    heroku.status(500),
    heroku.status(503),
    heroku.status(401),
    heroku.status(404),
    heroku.status(422),
    heroku.two_factor(),
    heroku.rate_limited(),
    heroku.html_body(),
    heroku.html_body(404),
    heroku.lost_answer(),
    heroku.truncated_body(),
    heroku.cut_before(),
    heroku.dripping(20),
    heroku.slow(25),
    heroku.slow_answer(20),
)
"""Faults of a call; 20 s and more is longer than the bot waits."""

CALLS: Final = ("", "^GET ", "^(POST|PUT|PATCH|DELETE) ", "ip-rules", "inbound-ruleset", "private-link")
"""Calls that a fault applies to, as regular expressions of the emulated Heroku."""

ODD: Final[tuple[HerokuFault, ...]] = tuple(map(heroku.odd_entry, FORMS))
"""Lists in which an entry cannot be read as it should be."""

# A space's list is written back as it was read: there an odd entry would be an addition of the emulator's.
LISTS: Final = (
    "^GET .*ip-rules",
    "^GET .*private-link",
    "^GET .*certificates",
    "^GET .*/(apps|addons|spaces)$",
)
"""Calls that answer with a list, as regular expressions of the emulated Heroku."""

SLACK: Final = ("server_error", "ratelimited", "lost_answer", "cut_before", "channel_not_found")
METHODS: Final = (
    "chat.*",
    "chat.postMessage",
    "chat.update",
    "conversations.*",
    "users.*",
    "response_url",
)


def slack_fault(kind: str, times: int) -> SlackFault:
    """Builds a fault of calls to Slack."""
    match kind:
        case "server_error":
            return slack.server_error(503, times=times)
        case "ratelimited":
            return slack.ratelimited(2, times=times)
        case "lost_answer":
            return slack.lost_answer(times=times)
        case "cut_before":
            return slack.cut_before(times=times)
    return slack.error(kind, times=times)


behavior: Final = st.builds(
    Behavior,
    provisioning_errors=st.sampled_from((0.0, 0.3)),
    dates=st.sampled_from(("offset", "rfc3339", "utc")),
    # By name a swap that the Data API has not heard of cannot be told from the truth: late only by id.
    uuid_in_path=st.shared(st.booleans(), key="by id"),
    rename_lag=st.shared(st.booleans(), key="by id").map(lambda by_id: 20.0 if by_id else 0.0),
    created=st.sampled_from((201, 200)),
    deleted=st.sampled_from((202, 200, 204)),
    full=st.sampled_from((422, 400)),
    off=st.sampled_from((404, 422)),
    enabled_already=st.sampled_from((422, 409)),
    duplicates=st.sampled_from(("allow", "refuse")),
    readd_error_seconds=st.sampled_from((0.0, 20.0)),
    first_certificate=st.sampled_from(("when_operational", "at_once")),
    pending_key=st.sampled_from(("absent", "null")),
    key_format=st.sampled_from(("pkcs8",)),
    certificate_deleted=st.sampled_from((202, 200, 204)),
    link_created=st.sampled_from((201, 200, 202)),
    link_deleted=st.sampled_from((202, 200, 204)),
    no_accounts=st.sampled_from((422, 400)),
    accounts_changed=st.sampled_from((202, 200)),
    absent_account=st.sampled_from((202, 404, 422)),
    accounts_while_provisioning=st.sampled_from(("take", "refuse")),
    removed_account=st.sampled_from(("left", "cut")),
    service_name_early=st.sampled_from(("absent", "empty")),
    account_ids=st.booleans(),
    legacy_accounts=st.booleans(),
    data_api_counts=st.booleans(),
    retry_after=st.sampled_from((None, 3)),
    etags=st.booleans(),
    ruleset_created=st.sampled_from((201, 200)),
    duplicate_ranges=st.sampled_from(("allow", "refuse")),
    host_bits=st.sampled_from(("kept", "masked", "refused")),
    applied=st.sampled_from(("true", "absent", "false")),
    history=st.sampled_from(("complete", "current", "empty", "missing", "error")),
    history_order=st.sampled_from(("newest", "oldest")),
)
"""Every response that no reference documents, in each of its possible forms."""
