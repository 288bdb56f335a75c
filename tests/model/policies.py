"""Policies that a world is deployed with, one after the other, and what each of them must not open."""

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from tests.model.write_recorder import subject_parts

HEAD: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD"]
"""

RULE: Final = """
[[rules]]
name = "{name}"
approvers = {approvers}
approvals = {approvals}
permanent = true
extend_alone = "{extend_alone}"
widest = "/{widest}"
"""

DENY: Final = """
[[rules]]
name = "not {person}"
deny = true
requesters = ["{person}"]
"""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """One policy.

    Attributes:
        denied: Slack id of a person who may request nothing.
        widest: shortest prefix of a network.
        approvers: who decides.
    """

    name: str = "everything"
    denied: str = ""
    widest: int = 24
    approvals: int = 1
    extend_alone: str = "0m"
    approvers: tuple[str, ...] = ("S0LEADS", "U0ENGINEER2")

    def text(self) -> str:
        """The policy file."""
        given = f"[{', '.join(f'{id!r}' for id in self.approvers)}]".replace("'", '"')
        rule = RULE.format(
            name=self.name,
            approvers=given,
            approvals=self.approvals,
            extend_alone=self.extend_alone,
            widest=self.widest,
        )
        return HEAD + rule + (DENY.format(person=self.denied) if self.denied else "")

    def allows(self, owner: str, method: str, subject: str) -> bool:
        """Whether access of somebody may be opened under it."""
        if owner == self.denied:
            return False
        networks = () if method == "privatelink" else subject_parts(subject)
        return all(ip_network(part).prefixlen >= self.widest for part in networks)


def deployments(approvals: int, extend_alone: str) -> tuple[Deployed, ...]:
    """Policies that differ from a first one in one thing each; the first is among them."""
    return (
        Deployed(approvals=approvals, extend_alone=extend_alone),
        Deployed(name="renamed", approvals=approvals, extend_alone=extend_alone),
        Deployed(denied="U0ENGINEER", approvals=approvals, extend_alone=extend_alone),
        Deployed(widest=32, approvals=approvals, extend_alone=extend_alone),
        Deployed(approvals=2, extend_alone=extend_alone),
        Deployed(approvers=("U0LEAD2",), approvals=1, extend_alone=extend_alone),
    )
