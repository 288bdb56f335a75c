"""Emulated Heroku: Platform API and Data API, as strict as Heroku is.

`HerokuEmulator` is the state machine, `default_world` fills it, `sandbox.heroku.server` serves it over HTTP.
"""

from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fault_injection import Fault
from sandbox.heroku.fixtures import default_world
from sandbox.heroku.http_types import Answer, Refused, Request

__all__ = [
    "Answer",
    "Behavior",
    "Fault",
    "HerokuEmulator",
    "Refused",
    "Request",
    "TransitionTimes",
    "default_world",
]
