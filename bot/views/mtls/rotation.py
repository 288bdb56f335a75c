"""A certificate rotation under way: its progress, whom it waits for, and its buttons."""

from collections.abc import Callable

from bot.domain.mtls import rotation
from bot.domain.mtls.rotation import GRACE, PATIENCE, Rotation
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, Message, RequestDetails
from bot.views import action_ids, block_kit


def under_way(operation: Operation | None) -> Rotation | None:
    """The rotation that an operation is, while it is under way; None for everything else."""
    if operation is None or operation.kind is not Kind.ROTATE or operation.state is not OperationState.DOING:
        return None
    return rotation.rotation_of(operation)


def state_line(
    details: RequestDetails, operation: Operation, progress: Rotation, t: Translator, *, person: Mrkdwn
) -> Mrkdwn:
    """The progress, as the line that says where a request stands.

    Args:
        details: the request.
        operation: the rotation.
        progress: of the operation, decoded.
        t: the reader's language.
        person: who approved it, mentioned.
    """
    return t(
        f"state.rotating.{progress.stage}",
        id=details.request.id,
        person=person,
        since=operation.started_at,
        ready=progress.ready_at,
        installed=progress.installed_at,
        remove=progress.remove_at,
    )


def ready(details: RequestDetails, t: Translator, *, state: Callable[[], Mrkdwn]) -> Message:
    """To the owner, as soon as the new certificate is ready: what to do with it.

    Args:
        details: the request.
        t: the reader's language.
        state: returns the line that says where the request stands, once the owner has done their part.
    """
    progress = under_way(details.operation)
    params = {"id": details.request.id, "app": details.target.label}
    if progress is None or not progress.waits_for_word:
        past = t("notification.rotation_ready.late", **params)
        shown = [block_kit.section(past), block_kit.context(state()), *offered(details, progress, t)]
        return block_kit.message(past, shown)
    text = t("notification.rotation_ready", grace=GRACE, **params)
    return block_kit.message(text, [block_kit.section(text), *offered(details, progress, t)])


def reminder(details: RequestDetails, t: Translator) -> Message:
    """To the owner, while the new certificate is not reported as installed."""
    progress = under_way(details.operation)
    params = {"id": details.request.id, "app": details.target.label}
    if progress is None or not progress.waits_for_word or progress.waits_since is None:
        return block_kit.paragraphs(t("notification.install.over", **params))
    since = progress.waits_since
    text = t("notification.install", since=since, over=since + PATIENCE, **params)
    return block_kit.message(text, [block_kit.section(text), *offered(details, progress, t)])


def offered(details: RequestDetails, progress: Rotation | None, t: Translator) -> list[Block]:
    """The result of a test, and the buttons: the files, and what the owner can report."""
    if progress is None or not progress.has_both:
        return []
    buttons = [_button(details, t, "files", action_ids.FILES)]
    if progress.waits_for_word:
        buttons.append(_button(details, t, "installed", action_ids.INSTALLED, style="primary"))
    if progress.testable:
        buttons.append(_button(details, t, "test", action_ids.TEST))
    if not progress.waits_for_word:
        buttons.append(_button(details, t, "keep_old", action_ids.KEEP_OLD))
    return [*test(details, progress, t), block_kit.actions(*buttons)]


def test(details: RequestDetails, progress: Rotation | None, t: Translator) -> list[Block]:
    """The result of the last connection test, while it matters."""
    if progress is None or not progress.has_both:
        return []
    # A test that is under way hides the result of the one before.
    if progress.test_asked_at is not None:
        return [block_kit.context(t("rotation.test.under_way", since=progress.test_asked_at))]
    if progress.tested is None:
        return []
    result = t(f"rotation.test.{progress.tested}", at=progress.tested_at, app=details.target.label)
    return [block_kit.context(result)]


def installed(details: RequestDetails, t: Translator) -> Message:
    """To the owner, who has installed the new certificate: when the old one is removed."""
    progress = None if details.operation is None else rotation.rotation_of(details.operation)
    until = None if progress is None else progress.remove_at
    return block_kit.paragraphs(
        t("answer.installed", id=details.request.id, app=details.target.label, until=until)
    )


def kept_old(details: RequestDetails, t: Translator) -> Message:
    """To the owner, who still needs the old certificate: it stays until they report again."""
    return block_kit.paragraphs(t("answer.kept_old", id=details.request.id, app=details.target.label))


def testing(details: RequestDetails, t: Translator) -> Message:
    """To the owner, who wants the new certificate tested: where the result will be shown."""
    return block_kit.paragraphs(t("answer.testing", id=details.request.id, app=details.target.label))


def _button(
    details: RequestDetails, t: Translator, name: str, action: str, *, style: str | None = None
) -> Block:
    value = action_ids.button_value(details.request.id, details.request.version, nonce=details.request.nonce)
    return block_kit.button(t(f"button.{name}"), action=action, value=value, style=style)
