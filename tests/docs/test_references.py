"""The lists of hooks and errors are complete and say what the code says."""

from __future__ import annotations

import inspect
import re
import runpy
import types
from pathlib import Path

import attrs
import click
import pytest

from nof0_core import errors
from nof0_core.domain import event
from nof0_core.domain.brakes import Brake
from nof0_core.domain.decision import CHECK_FAILED
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.companion import CompanionEnv
from nof0_core.plugins.env import Env
from nof0_core.plugins.families import FAMILIES
from nof0_core.plugins.field_types import ALLOWED, SIMPLE
from nof0_core.plugins.hookspecs import SPECS
from nof0_core.plugins.implementations import Implementations
from nof0_core.plugins.kinds import BackendKind, ExchangeKind, ServiceKind
from nof0_core.plugins.registry import PluginRegistry
from nof0_provider_hyperliquid import account, orders

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


def hooks_specified():
    return {
        name: function
        for spec in SPECS
        for name, function in vars(spec).items()
        if name.startswith("nof0_")
    }


@pytest.mark.parametrize("hook", hooks_specified())
def test_every_specification_says_when_it_is_called_what_it_returns_and_what_it_may_raise(hook):
    function = hooks_specified()[hook]
    text = inspect.getdoc(function)
    for part in ("Called ", "Returns:\n", "Raises:\n"):
        assert part in text
    for argument in list(inspect.signature(function).parameters)[1:]:
        assert f"    {argument}: " in text.split("Args:\n")[1]


def test_every_hook_has_an_example_and_together_they_are_a_plugin():
    page = (DOCS / "hooks.md").read_text()
    module = types.ModuleType("example")
    for text in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(text, vars(module))  # noqa: S102 - it is our own documentation
    registry = PluginRegistry()
    plugin = LoadedPlugin(name="e:e", distribution="example", version="1", module="example")
    implementations = Implementations(plugin, module)
    registry.take(implementations)
    cli = click.Group()
    implementations.call("nof0_commands", cli=cli)
    assert set(hooks_specified()) <= set(vars(module))
    assert {f: len(registry.kinds(f)) for f in FAMILIES} == dict.fromkeys(FAMILIES, 1)
    assert (list(registry.companions), list(cli.commands)) == (["watch"], ["greet"])


def fields_listed(after: str) -> list[str]:
    table = (DOCS / "hooks.md").read_text().split(after)[1].split("\n\n## ")[0]
    table = table[table.index("|\n") :].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_fields_of_env_are_listed():
    names = [field.name for field in attrs.fields(Env)]
    assert fields_listed("## What `open` is given") == names


def test_fields_of_a_companions_env_are_listed():
    assert fields_listed("| field of `CompanionEnv`") == [
        f.name for f in attrs.fields(CompanionEnv)
    ]


def test_fields_of_descriptors_are_listed():
    own = {f.name for f in attrs.fields(BackendKind)} - {f.name for f in attrs.fields(ServiceKind)}
    assert set(fields_listed("Beside the fields of every\nservice")) == own
    page = (DOCS / "hooks.md").read_text()
    assert f"`ServiceKind({', '.join(f.name for f in attrs.fields(ServiceKind))})`" in page
    shared = len(attrs.fields(ServiceKind))
    for kind in (BackendKind, ExchangeKind):
        more = ", ".join(field.name for field in attrs.fields(kind)[shared:])
        assert f"`{kind.__name__}(…, {more})`" in page


def test_types_a_setting_may_have_are_listed():
    table = (DOCS / "write-a-plugin.md").read_text().split("| type | in the file |")[1]
    listed = re.findall(r"^\| (.*?) \|", table.split("\n\n")[0], re.MULTILINE)
    words = [word for first in listed for word in re.findall(r"`(\w+)", first)]
    assert words[: len(SIMPLE)] == [cls.__name__ for cls in SIMPLE]
    assert set(words) - {"X"} <= set(re.findall(r"\w+", ALLOWED))
    assert {"Enum", "Literal", "Any", "MarketRef", "BackendRef", "ModelRef"} <= set(words)


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
    raised |= set(re.findall(r'AlertOnce\(\s*recorder, "(\w+)"', source))
    raised |= {CHECK_FAILED, Brake.DAILY_LOSS, Brake.MAX_DRAWDOWN, Brake.SHARPE_PAUSE}
    table = (DOCS / "errors.md").read_text().split("## Alerts")[1].split("## In code")[0]
    assert sorted(listed_words(table)) == sorted(raised)


def test_alerts_of_an_account_at_hyperliquid_are_listed():
    folders = [Path(inspect.getfile(package)).parent for package in (account, orders)]
    source = "".join(path.read_text() for top in folders for path in top.rglob("*.py"))
    raised = set(re.findall(r'[_.]alert\(\s*"(\w+)"', source))
    raised |= set(re.findall(r'\("(\w+_low)", limits', source))
    table = (DOCS / "errors.md").read_text().split("Hyperliquid alerts of")[1].split("## ")[0]
    listed = {word for word in listed_words(table) if not word.startswith("signer_expires")}
    assert listed == raised
    assert "`signer_expires_14d`, `…_3d`, `…_1d`" in table


def test_configuration_reference_is_up_to_date():
    """Write it anew with `python docs/reference.py`."""
    page = runpy.run_path(str(DOCS / "reference.py"))["page"]()
    assert (DOCS / "configuration.md").read_text() == page
