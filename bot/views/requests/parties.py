"""Who asks for whom, and the ticket that a request names, as cards and messages say it."""

from bot.domain.policy.rules import Policy
from bot.domain.policy.ticket import link_to
from bot.domain.request import Request
from bot.i18n.translator import Mrkdwn, Translator, escape, mention


def who(request: Request, t: Translator) -> Mrkdwn:
    """Who asks, for whom if that is somebody else, and when."""
    asked, requester = request.asked_at, mention(request.requester)
    if not request.asker:
        return t("card.who", requester=requester, asked=asked)
    return t("card.who.behalf", asker=mention(request.asker), requester=requester, asked=asked)


def headline(request: Request, text: Mrkdwn, t: Translator) -> Mrkdwn:
    """A request's first line with whom it is for, if somebody else asks."""
    return t("card.text.behalf", text=text, requester=mention(request.requester)) if request.asker else text


def ticket_lines(request: Request, t: Translator, policy: Policy) -> list[Mrkdwn]:
    """The request's ticket, as a link where its policy rule has one; nothing where it names none."""
    named = request.terms.ticket
    if not named:
        return []
    rule = policy.rule_named(request.rule)
    template = "" if rule is None else rule.ticket_link
    # Of combined rules each has its ticket, and they are kept in one text.
    shown = [_linked(ticket, template) for ticket in named.split(", ")]
    return [t("card.ticket_named", ticket=Mrkdwn(", ".join(shown)))]


def _linked(ticket: str, template: str) -> str:
    return f"<{escape(link_to(ticket, template))}|{escape(ticket)}>" if template else escape(ticket)
