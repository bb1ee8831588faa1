"""Distributions as pip leaves them behind: metadata and modules in a directory on the path."""

from __future__ import annotations

import sys
import textwrap

import pytest

HEAD = """
import attrs
from nof0_core import BackendKind, ExchangeKind, MarketRef, PolicyKind, ServiceKind, hookimpl, opt
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a distribution with one plugin module."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    made = []

    def install(
        distribution, source, *, version="1.0", module=None, group="nof0.v1", entry="plugin"
    ):
        module = module or distribution.replace("-", "_") + "_plugin"
        package, _, inner = module.partition(".")
        if inner:
            (site / package).mkdir(exist_ok=True)
            (site / package / "__init__.py").touch()
        file = site / (module.replace(".", "/") + ".py")
        file.write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry} = {module}\n", encoding="utf-8")
        made.extend([module, package])
        return module

    yield install
    for name in made:
        sys.modules.pop(name, None)


def exchange(type_, config="Config"):
    """Return the source of a plugin that offers one exchange provider."""
    return f"""
    @attrs.frozen(kw_only=True)
    class Config:
        fee: int = opt(default=1, ge=0)

    def open_it(config, env):
        raise NotImplementedError

    @hookimpl
    def nof0_exchange_providers():
        return [ExchangeKind(type={type_!r}, config={config}, open=open_it, summary="a test")]
    """


@pytest.fixture
def exchange_source():
    return exchange
