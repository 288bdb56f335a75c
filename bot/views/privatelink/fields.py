"""The field for AWS accounts."""

from bot.domain.privatelink.aws_account import short
from bot.domain.subject import Accounts, Subject
from bot.i18n.translator import Translator
from bot.ports import Block
from bot.views import action_ids, block_kit


def accounts_field(subject: Subject | str | None, t: Translator, hint: str | None = None) -> Block:
    """The accounts to be allowed, as typed or in short form; they travel in the field of an address."""
    initial = " ".join(map(short, subject.arns)) if isinstance(subject, Accounts) else subject
    return block_kit.text_input(
        action_ids.FIELD_ADDRESS,
        t("form.privatelink.accounts"),
        initial=None if initial is None else str(initial),
        hint=hint or t("form.privatelink.accounts.hint"),
    )
