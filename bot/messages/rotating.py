"""What is shown of a rotation on its way: how far it has come, and who is waited for."""

from bot.domain import rotation
from bot.domain.change import Change, ChangeState
from bot.domain.request import Kind
from bot.domain.rotation import GRACE, PATIENCE, Rotation, Stage
from bot.messages import blocks, names
from bot.messages.words import Mrkdwn, Words
from bot.ports import Block, Case, Message


def under_way(change: Change) -> Rotation | None:
    """The rotation that a change is, while it is under way; None for everything else."""
    rotates = change.kind is Kind.ROTATE and change.state is ChangeState.DOING
    return rotation.rotation_of(change) if rotates else None


def state_line(case: Case, change: Change, found: Rotation, words: Words, *, person: Mrkdwn) -> Mrkdwn:
    """How far it has come, in the line that owns the state.

    Args:
        case: whose it is.
        change: the rotation.
        found: the same, read.
        words: the reader's language.
        person: who approved it, mentioned.
    """
    return words(
        f"state.rotating.{found.stage}",
        id=case.request.id,
        person=person,
        since=change.started_at,
        ready=found.ready_at,
        installed=found.installed_at,
        remove=found.remove_at,
    )


def ready(case: Case, words: Words) -> Message:
    """To the owner, as soon as the new certificate is ready: what to do with it."""
    said = words("notice.rotation_ready", id=case.request.id, app=case.target.label, grace=GRACE)
    found = None if case.change is None else under_way(case.change)
    return Message(text=said, blocks=[blocks.section(said), *offered(case, found, words)])


def reminder(case: Case, words: Words) -> Message:
    """To the owner, while nobody has said that the new certificate is installed."""
    found = None if case.change is None else under_way(case.change)
    params = {"id": case.request.id, "app": case.target.label}
    if found is None or not found.waits_for_word or found.ready_at is None:
        over = words("notice.install.over", **params)
        return Message(text=over, blocks=[blocks.section(over)])
    said = words("notice.install", ready=found.ready_at, over=found.ready_at + PATIENCE, **params)
    return Message(text=said, blocks=[blocks.section(said), *offered(case, found, words)])


def offered(case: Case, found: Rotation | None, words: Words) -> list[Block]:
    """The buttons for the new certificate: its files, and, while that is waited for, that it is installed."""
    if found is None or found.stage not in (Stage.INSTALLING, Stage.RESTING):
        return []
    value = names.button_value(case.request.id, case.request.version)
    made = [blocks.button(words("button.files"), action=names.FILES, value=value)]
    if found.waits_for_word:
        said = words("button.installed")
        made.append(blocks.button(said, action=names.INSTALLED, value=value, style="primary"))
    return [blocks.actions(*made)]


def installed(case: Case, words: Words) -> Message:
    """To whoever said that the new certificate is installed: when the old one is removed."""
    found = None if case.change is None else rotation.rotation_of(case.change)
    until = None if found is None else found.remove_at
    said = words("answer.installed", id=case.request.id, app=case.target.label, until=until)
    return Message(text=said, blocks=[blocks.section(said)])
