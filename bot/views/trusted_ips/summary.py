"""A space's trusted ranges beside the other methods: on a database's status and in a diagnosis."""

from collections.abc import Sequence
from typing import Final

from bot.domain.method import Method
from bot.domain.reach import Extent, least, reach_of
from bot.domain.trusted_ips.ruleset import LIMIT, DataServices, RulesetObservation
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, DatabaseStatus, RequestDetails, SpaceStatus
from bot.views import block_kit, drift, reach
from bot.views.method_view import KEEPING, StateLine, asking_for
from bot.views.text import NOTHING, as_code

METHOD: Final = Method.TRUSTED

NAMED: Final = 5
"""Ranges, and requests, that one line or answer names."""

SOURCE: Final = 60
"""Characters of a source; those of unmanaged entries need not be networks."""


def section(status: DatabaseStatus, t: Translator) -> list[Block]:
    """On a database's status: its space's ranges in a line, and the drift of the last observation."""
    space = status.space
    if space is None:
        return []
    observation, name = space.observation, space.space.name
    if observation is None:
        return [block_kit.section(t("status.trusted.none", space=name))]
    sources = [f"`{as_code(rule.source, SOURCE)}`" for rule in observation.ruleset.rules]
    ranges = Mrkdwn(", ".join(sources[:NAMED]) or NOTHING)
    if len(sources) > NAMED:
        ranges = t("status.trusted.more", ranges=ranges, count=len(sources) - NAMED, space=name)
    lines = [
        t("status.trusted", space=name, used=len(sources), limit=LIMIT, at=observation.at, ranges=ranges)
    ]
    if observation.ruleset.applied is False:
        lines.append(t("trusted.unapplied", by=observation.ruleset.by or NOTHING))
    drifted = drift.paragraph(observation.drift, asking_for(METHOD, space.open), t)
    return [block_kit.section("\n".join(lines)), *drifted]


def steps(
    status: SpaceStatus | None, requests: Sequence[RequestDetails], t: Translator, state: StateLine
) -> list[Mrkdwn]:
    """Each of a person's requests for ranges of a space, compared with Heroku's list."""
    if status is None or status.observation is None:
        return []
    return [_step(details, status, status.observation, t, state) for details in requests[:NAMED]]


def _step(
    details: RequestDetails,
    status: SpaceStatus,
    observation: RulesetObservation,
    t: Translator,
    state: StateLine,
) -> Mrkdwn:
    subject = details.request.terms.subject
    reached = least(reach_of(subject, method=METHOD, observation=observation, nearby=status.nearby))
    params: dict[str, object] = {
        "network": subject if reached.extent is Extent.WHOLE else reached.address,
        "id": details.request.id,
        "space": status.space.name,
        "state": state(details),
    }
    if not reached.entries:
        return t("why.range.missing" if reached.extent is Extent.NONE else "why.range.unknown", **params)
    if observation.ruleset.applied is False:
        return t("why.range.unapplied", **params)
    found = reach.by(reach.entries([reached]), "", t)
    if reached.extent is not Extent.WHOLE:
        return t("why.range.part", by=found, **params)
    own = details.grant is not None and details.grant.state in KEEPING
    by_itself = own and any(each.exact for each in reached.entries)
    by = f"#{details.request.id}" if by_itself else found
    # The list alone opens web traffic: data services follow it only after Heroku's support has applied it.
    if status.services is not DataServices.CONFIRMED:
        return t("why.range.services", by=by, **params)
    return t("why.range.open" if by_itself else "why.range.other", by=by, **params)
