"""What is shown of a rotation on its way: how far it has come, and who is waited for."""

from bot.domain.mtls import rotation
from bot.domain.mtls.rotation import GRACE, PATIENCE, Rotation
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, Message, RequestDetails
from bot.views import action_ids, block_kit


def under_way(change: Operation) -> Rotation | None:
    """The rotation that a change is, while it is under way; None for everything else."""
    rotates = change.kind is Kind.ROTATE and change.state is OperationState.DOING
    return rotation.rotation_of(change) if rotates else None


def state_line(
    case: RequestDetails, change: Operation, found: Rotation, t: Translator, *, person: Mrkdwn
) -> Mrkdwn:
    """How far it has come, in the line that owns the state.

    Args:
        case: whose it is.
        change: the rotation.
        found: the same, read.
        words: the reader's language.
        person: who approved it, mentioned.
    """
    return t(
        f"state.rotating.{found.stage}",
        id=case.request.id,
        person=person,
        since=change.started_at,
        ready=found.ready_at,
        installed=found.installed_at,
        remove=found.remove_at,
    )


def ready(case: RequestDetails, t: Translator) -> Message:
    """To the owner, as soon as the new certificate is ready: what to do with it."""
    said = t("notification.rotation_ready", id=case.request.id, app=case.target.label, grace=GRACE)
    found = None if case.operation is None else under_way(case.operation)
    return Message(text=said, blocks=[block_kit.section(said), *offered(case, found, t)])


def reminder(case: RequestDetails, t: Translator) -> Message:
    """To the owner, while nobody has said that the new certificate is installed."""
    found = None if case.operation is None else under_way(case.operation)
    params = {"id": case.request.id, "app": case.target.label}
    if found is None or not found.waits_for_word or found.waits_since is None:
        over = t("notification.install.over", **params)
        return Message(text=over, blocks=[block_kit.section(over)])
    said = t("notification.install", since=found.waits_since, over=found.waits_since + PATIENCE, **params)
    return Message(text=said, blocks=[block_kit.section(said), *offered(case, found, t)])


def offered(case: RequestDetails, found: Rotation | None, t: Translator) -> list[Block]:
    """What came of a test, and the buttons: the files, and what can be said about the new certificate."""
    if found is None or not found.has_both:
        return []
    made = [_button(case, t, "files", action_ids.FILES)]
    if found.waits_for_word:
        made.append(_button(case, t, "installed", action_ids.INSTALLED, style="primary"))
    if found.testable:
        made.append(_button(case, t, "test", action_ids.TEST))
    if not found.waits_for_word:
        made.append(_button(case, t, "keep_old", action_ids.KEEP_OLD))
    return [*test(case, found, t), block_kit.actions(*made)]


def test(case: RequestDetails, found: Rotation | None, t: Translator) -> list[Block]:
    """What came of the last test, while that matters."""
    if found is None or not found.has_both:
        return []
    if found.test_asked_at is not None:
        return [block_kit.context(t("rotation.test.under_way", since=found.test_asked_at))]
    if found.tested is None:
        return []
    said = t(f"rotation.test.{found.tested}", at=found.tested_at, app=case.target.label)
    return [block_kit.context(said)]


def installed(case: RequestDetails, t: Translator) -> Message:
    """To whoever said that the new certificate is installed: when the old one is removed."""
    found = None if case.operation is None else rotation.rotation_of(case.operation)
    until = None if found is None else found.remove_at
    return _short(t("answer.installed", id=case.request.id, app=case.target.label, until=until))


def kept(case: RequestDetails, t: Translator) -> Message:
    """To whoever still needs the old certificate: that it stays, and what is waited for again."""
    return _short(t("answer.kept_old", id=case.request.id, app=case.target.label))


def testing(case: RequestDetails, t: Translator) -> Message:
    """To whoever wants the new certificate tested: where it is told what came of it."""
    return _short(t("answer.testing", id=case.request.id, app=case.target.label))


def _short(said: Mrkdwn) -> Message:
    return Message(text=said, blocks=[block_kit.section(said)])


def _button(
    case: RequestDetails, t: Translator, name: str, action: str, *, style: str | None = None
) -> Block:
    value = action_ids.button_value(case.request.id, case.request.version)
    return block_kit.button(t(f"button.{name}"), action=action, value=value, style=style)
