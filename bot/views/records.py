"""Lists of what was: ended access, and what is recorded of a person or an address, page by page."""

from collections.abc import Sequence
from typing import Final

from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.policy.rules import Policy
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, Message, RequestDetails
from bot.ports.access_history import RecordPage
from bot.views import block_kit
from bot.views.requests import request_card, request_state
from bot.views.reviews.personal_access import handles
from bot.views.text import as_code

ADDRESS: Final = 60
"""Characters of an address as it was typed."""


def ended(page: RecordPage, *, t: Translator, policy: Policy) -> Message:
    """What has ended or failed, the last first."""
    if not page.requests:
        return block_kit.paragraphs(t("records.ended.none"))
    return _message(t("records.ended"), page, "ended", t, policy)


def of_address(address: str, page: RecordPage, *, t: Translator, policy: Policy) -> Message:
    """The requests about an address or a network that covers it, newest first."""
    named = as_code(address, ADDRESS)
    if not page.requests:
        return block_kit.paragraphs(t("records.address.none", address=named))
    return _message(t("records.address", address=named), page, named, t, policy)


def of_person(
    person: str,
    page: RecordPage,
    opened: Sequence[RequestDetails],
    certificates: Sequence[KnownCertificate],
    *,
    t: Translator,
    policy: Policy,
) -> Message:
    """What a person has and asks for, their certificates, and what they had, newest first.

    Args:
        person: Slack id of whose.
        page: everything of theirs.
        opened: what is open or pending; it comes first, and only once.
        certificates: that they own.
        t: the reader's language.
        policy: names the approvers.
    """
    now = {details.request.id for details in opened}
    past = [details for details in page.requests if details.request.id not in now]
    if not past and not opened and not certificates:
        return block_kit.paragraphs(t("person.none", person=mention(person)))
    # As many as fit into a message with two blocks each, whatever is open.
    room = block_kit.MESSAGE_BLOCKS // 2 - 3 - len(opened)
    shown, title = past[: max(room, 0)], t("person.title", person=mention(person))
    blocks: list[Block] = [block_kit.section(title)]
    if certificates:
        blocks.append(block_kit.section(t("person.certificates", list=handles(certificates, t))))
    blocks += _lines(opened, t, policy)
    if shown:
        blocks += [block_kit.section(t("records.past")), *_lines(shown, t, policy)]
    following = page.following if len(shown) == len(past) else (shown or opened)[-1].request.id
    return block_kit.message(title, [*blocks, *_more(following, mention(person), t)])


def _message(title: Mrkdwn, page: RecordPage, what: str, t: Translator, policy: Policy) -> Message:
    blocks = [block_kit.section(title), *_lines(page.requests, t, policy), *_more(page.following, what, t)]
    return block_kit.message(title, blocks)


def _lines(requests: Sequence[RequestDetails], t: Translator, policy: Policy) -> list[Block]:
    shown: list[Block] = []
    for details in requests:
        title, requester = request_card.title(details, t), mention(details.request.requester)
        line = t("list.line", id=details.request.id, title=title, requester=requester)
        state = request_state.state_line(details, t=t, policy=policy)
        shown += [block_kit.section(line), block_kit.context(state)]
    return shown


def _more(following: int | None, what: str, t: Translator) -> list[Block]:
    if following is None:
        return []
    return [block_kit.context(t("records.more", what=Mrkdwn(what), id=following))]
