"""A Heroku played on this machine: strict where Heroku is strict, and the only one the project has.

`PlayedHeroku` is the state machine, `default_world` fills it, `sandbox.heroku.door` answers for it over
HTTP.
"""

from sandbox.heroku.exchange import Answer, Refused, Request
from sandbox.heroku.faults import Fault
from sandbox.heroku.heroku import PlayedHeroku
from sandbox.heroku.switches import Pace, Switches
from sandbox.heroku.world import default_world

__all__ = ["Answer", "Fault", "Pace", "PlayedHeroku", "Refused", "Request", "Switches", "default_world"]
