"""A form that Slack does not open in time: the person gets the command to type, and the log no traceback."""

import pytest
from structlog.testing import capture_logs

from sandbox.slack import fault_injection
from sandbox.slack.fault_injection import Fault
from tests.flow.actions import Acts

LATE = {
    "expired": lambda: fault_injection.error("expired_trigger_id"),
    "exchanged": lambda: fault_injection.error("trigger_exchanged"),
    "slow": lambda: fault_injection.slow(1.3),
    "cut": lambda: fault_injection.cut_before(),
    "down": lambda: fault_injection.server_error(503),
    "limited": lambda: fault_injection.ratelimited(),
}


def late(acts: Acts, fault: Fault) -> None:
    acts.environment.slack.clear_faults()
    acts.environment.slack.fault("views.*", fault)


@pytest.mark.parametrize("how", sorted(LATE))
async def test_a_command_is_answered_with_itself_to_type_again(acts: Acts, how: str) -> None:
    for line in ("/pgaccess", "/pgaccess advise billing", "/pgaccess mtls add"):
        late(acts, LATE[how]())
        with capture_logs() as lines:
            assert (await acts.type("engineer", line)).ok
        said = acts.private("engineer")[-1]
        assert "That took too long" in said
        assert f"`{line}`" in said
        assert not [entry for entry in lines if entry.get("exc_info") or entry["log_level"] == "error"]
    assert await acts.states() == []
    # The very line works once Slack does again.
    acts.environment.slack.clear_faults()
    assert (await acts.type("engineer", line)).ok
    assert acts.environment.slack.view_for("engineer") is not None


async def test_what_was_typed_is_repeated_as_it_was_and_cannot_leave_its_quotes(acts: Acts) -> None:
    late(acts, fault_injection.error("expired_trigger_id"))
    assert (await acts.type("engineer", "/pgaccess mtls disable billing because <a> & `b`")).ok
    assert "`/pgaccess mtls disable billing because &lt;a&gt; &amp; 'b'`" in acts.private("engineer")[-1]


async def test_a_click_is_answered_with_a_command(acts: Acts) -> None:
    await acts.ask_and_open()
    late(acts, fault_injection.error("expired_trigger_id"))
    with capture_logs() as lines:
        assert (await acts.press_own("engineer", "grant.extend")).ok
    assert "`/pgaccess extend 1 for 4h`" in acts.private("engineer")[-1]
    await acts.ask("/pgaccess mtls add 203.0.113.9")
    for action in ("request.deny", "request.change"):
        late(acts, fault_injection.error("exchanged_trigger_id"))
        assert (await acts.press("lead", action)).ok
        # No command decides.
        assert "try the button again" in acts.private("lead")[-1]
    assert not [entry for entry in lines if entry.get("exc_info")]


async def test_where_nothing_else_is_left_the_answer_is_a_direct_message(acts: Acts) -> None:
    late(acts, fault_injection.error("expired_trigger_id"))
    assert (await acts.environment.people.shortcut("engineer", "shortcut.ask")).ok
    (told,) = acts.told("engineer", "That took too long")
    assert "`/pgaccess`" in told


async def test_an_error_that_is_ours_still_says_so(acts: Acts) -> None:
    late(acts, fault_injection.error("invalid_blocks"))
    assert (await acts.type("engineer", "/pgaccess")).ok
    assert "Something went wrong" in acts.private("engineer")[-1]
