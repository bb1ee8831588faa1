"""The lists of hooks and errors are complete and say what the code says."""

from __future__ import annotations

import inspect
import re
import runpy
from pathlib import Path

from nof0_core import errors
from nof0_core.domain import event
from nof0_core.domain.brakes import Brake
from nof0_core.domain.decision import CHECK_FAILED
from nof0_core.plugins.env import Env
from nof0_core.plugins.hookspecs import SPECS

DOCS = Path(__file__).parents[2] / "docs"


def test_hooks_are_listed_with_their_signatures():
    listed = re.findall(r"^(nof0_\w+)(\(.*)$", (DOCS / "hooks.md").read_text(), re.MULTILINE)
    specified = []
    for spec in SPECS:
        for name, function in vars(spec).items():
            if name.startswith("nof0_"):
                signature = inspect.signature(function)
                arguments = [str(p) for p in list(signature.parameters.values())[1:]]
                returns = signature.return_annotation
                specified.append((name, f"({', '.join(arguments)}) -> {returns}".replace("'", "")))
    assert listed == specified


def test_fields_of_env_are_listed():
    table = (DOCS / "hooks.md").read_text().split("## What `open` is given")[1]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert listed == [field.name for field in Env.__attrs_attrs__]


def test_errors_are_listed_with_their_exit_codes():
    text = (DOCS / "errors.md").read_text()
    listed = dict(re.findall(r"^\*\*`(\w+)`\*\* \(exit (\d)\)", text, re.MULTILINE))
    defined = {
        name: str(cls.exit_code)
        for name, cls in vars(errors).items()
        if inspect.isclass(cls)
        and issubclass(cls, errors.Nof0Error)
        and cls is not errors.Nof0Error
    }
    assert listed == defined


def listed_words(table: str) -> list[str]:
    firsts = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    return [word for first in firsts for word in re.findall(r"`(\w+)`", first)]


def test_types_of_records_are_listed():
    table = (DOCS / "journal.md").read_text().split("| type | what happened |")[1]
    assert sorted(listed_words(table.split("\n\n")[0])) == sorted(event.BODIES)


def test_codes_of_alerts_are_listed():
    core = Path(inspect.getfile(errors)).parent
    source = "".join(path.read_text() for path in core.rglob("*.py"))
    raised = set(re.findall(r'\.(?:_alarm|alert)\(\s*"(\w+)"', source))
    raised |= {CHECK_FAILED, Brake.DAILY_LOSS, Brake.MAX_DRAWDOWN, Brake.SHARPE_PAUSE}
    table = (DOCS / "errors.md").read_text().split("## Alerts")[1].split("## In code")[0]
    assert sorted(listed_words(table)) == sorted(raised)


def test_configuration_reference_is_up_to_date():
    """Write it anew with `python docs/reference.py`."""
    page = runpy.run_path(str(DOCS / "reference.py"))["page"]()
    assert (DOCS / "configuration.md").read_text() == page
