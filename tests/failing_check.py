"""A plugin with a risk check that raises whenever it is asked."""

FAILING_CHECK = """
import attrs
from nof0_core import PolicyKind, hookimpl


@attrs.frozen
class Spread:
    def check(self, decision, context):
        return 1 / 0


@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="spread", config=Spread, build=lambda c: c, summary="breaks")]
"""
