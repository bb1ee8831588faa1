"""Configuration of the two `type: sim` sections."""

from nof0_provider_sim.config.exchange import SimExchangeConfig
from nof0_provider_sim.config.faults import FAULTS, FaultRules, ScriptedFault
from nof0_provider_sim.config.fees import FeeTier
from nof0_provider_sim.config.impact import ImpactRules
from nof0_provider_sim.config.instruments import InstrumentRules, TierRule
from nof0_provider_sim.config.market import SimMarketConfig

__all__ = [
    "FAULTS",
    "FaultRules",
    "FeeTier",
    "ImpactRules",
    "InstrumentRules",
    "ScriptedFault",
    "SimExchangeConfig",
    "SimMarketConfig",
    "TierRule",
]
