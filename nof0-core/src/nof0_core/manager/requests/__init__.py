"""What a person may tell a running engine, through files in the data directory.

    <data directory>/control/halt.json          in force as long as it is there
    <data directory>/control/requests/*.json    each is done once, in the order of their names
    <data directory>/control/answers/*.json     to requests that somebody waits for

Files appear by being renamed into place, so the engine never sees half of one. It reads them at
every look at the exchange account; the marker of the halt before every entry besides.
"""

from nof0_core.manager.requests.answers import Answers
from nof0_core.manager.requests.halt import Halt, HaltSwitch
from nof0_core.manager.requests.halt_watch import HaltWatch
from nof0_core.manager.requests.inbox import Request, Requests

__all__ = ["Answers", "Halt", "HaltSwitch", "HaltWatch", "Request", "Requests"]
