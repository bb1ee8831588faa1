"""Who owns the time of a run, and gets done what is due."""

from nof0_core.manager.drivers.concurrency import Concurrent
from nof0_core.manager.drivers.driver import Driver, Duties
from nof0_core.manager.drivers.jumping import Ahead, Jumping
from nof0_core.manager.drivers.lockstep import Lockstep

__all__ = ["Ahead", "Concurrent", "Driver", "Duties", "Jumping", "Lockstep"]
