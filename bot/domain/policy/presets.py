"""Presets: requests that are made again and again, as the policy prepares them."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.method import Method


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """What a form is filled in with; whoever submits it asks as always, and the same rules decide.

    Attributes:
        name: what people type.
        target: alias of a database or a space.
        method: access method.
        network: an address or network, or AWS accounts; empty where the person fills it in.
        duration: None for the rule's default.
        reason: its beginning.
    """

    name: str
    target: str
    method: Method
    network: str = ""
    duration: timedelta | None = None
    reason: str = ""
