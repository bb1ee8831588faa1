"""Find plugins by their entry points, in a fixed order, one broken one never stopping the rest."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata

import attrs

from nof0_core.errors import PluginError
from nof0_core.plugins import messages
from nof0_core.plugins.catalog import FailedPlugin, LoadedPlugin
from nof0_core.plugins.hookspecs import GROUP
from nof0_core.plugins.implementations import HookError, Implementations
from nof0_core.plugins.importing import slow_import_told
from nof0_core.plugins.registry import PluginRegistry

CORE = "nof0-core"
BUILTIN_PLUGINS = ("nof0_core.builtin",)
_API = re.compile(r"nof0\.(v\d+)")


@attrs.define(kw_only=True)
class Findings:
    """What came up on the way through the installed plugins.

    `failed` could not be used, `skipped` are the distributions switched off, `faults` are breaches
    of the contract.
    """

    failed: list[FailedPlugin] = attrs.field(factory=list)
    skipped: set[str] = attrs.field(factory=set)
    faults: list[PluginError] = attrs.field(factory=list)

    @contextmanager
    def noting(self, plugin: LoadedPlugin) -> Iterator[None]:
        """Keep what goes wrong with one plugin, so that it stops no other."""
        try:
            yield
        except HookError as error:
            self.fail(plugin, error.reason)
        except PluginError as error:
            self.faults.append(error)

    def fail(self, plugin: LoadedPlugin, reason: str) -> None:
        """Count a plugin as failed."""
        self.failed.append(
            FailedPlugin(
                name=plugin.name,
                distribution=plugin.distribution,
                version=plugin.version,
                module=plugin.module,
                reason=reason,
            )
        )


def load_plugins(environ: Mapping[str, str] | None = None) -> PluginRegistry:
    """Load core's own plugins, then every installed one that is not switched off.

    A plugin that does not import, whose hook raises or returns no list, or that was written for
    another plugin API is kept in `failed` and only matters if the configuration needs it. Order:
    core, then by distribution and entry-point name.

    Args:
        environ: where `NOF0_PLUGINS` (comma-separated distributions to load, empty for core only)
            and `NOF0_DISABLE_PLUGINS` (distributions not to load) are read; default: the process's.

    Raises:
        PluginError: plugins break the contract, with everything that is wrong with all of them, or
            the allow list names one that is not there.
        DuplicateKindError: two plugins offer the same kind.
    """
    registry = PluginRegistry()
    for name in BUILTIN_PLUGINS:
        plugin = LoadedPlugin(
            name=f"{CORE}:{name}",
            distribution=CORE,
            version=metadata.version(CORE),
            module=name,
            is_builtin=True,
        )
        registry.add(plugin, importlib.import_module(name))
    findings = Findings()
    for implementations in installed(os.environ if environ is None else environ, findings):
        with findings.noting(implementations.plugin):
            registry.take(implementations)
    registry.failed += findings.failed
    registry.skipped |= findings.skipped
    if findings.faults:
        raise messages.together(findings.faults)
    return registry


def installed(
    environ: Mapping[str, str],
    findings: Findings,
    is_wanted: Callable[[metadata.EntryPoint], bool] = lambda _: True,
) -> Iterator[Implementations]:
    """Import the plugins that are not switched off, one after the other, sorted.

    Args:
        environ: where the lists of what to load are read.
        findings: takes what is left out and why.
        is_wanted: tells of an entry point whether to import it at all.

    Raises:
        PluginError: the allow list names a distribution that has no plugin.
    """
    for point in _selected(environ, findings):
        plugin = _plugin(point)
        try:
            if not is_wanted(point):
                continue
            with slow_import_told(plugin):
                module = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - importing runs a plugin's code
            findings.fail(plugin, messages.failure(error))
            continue
        with findings.noting(plugin):
            yield Implementations(plugin, module)


def _selected(environ: Mapping[str, str], findings: Findings) -> list[metadata.EntryPoint]:
    found = metadata.entry_points()
    points = {group: found.select(group=group) for group in found.groups if _API.fullmatch(group)}
    names = {_distribution(point) for group in points.values() for point in group}
    allowed = _words(environ[messages.ALLOW]) if messages.ALLOW in environ else names
    missing = sorted(set(allowed) - names)
    if missing:
        raise messages.not_installed(missing, sorted(names))
    wanted = set(allowed) - set(_words(environ.get(messages.DISABLE, "")))
    findings.skipped |= names - wanted
    for group in sorted(points.keys() - {GROUP}):
        reason = messages.wrong_api(group.removeprefix("nof0."), GROUP.removeprefix("nof0."))
        for point in points[group]:
            if _distribution(point) in wanted:
                findings.fail(_plugin(point), reason)
    return sorted(
        (p for p in points.get(GROUP, ()) if _distribution(p) in wanted),
        key=lambda point: (_distribution(point), point.name),
    )


def _words(text: str) -> list[str]:
    return [_normal(word) for word in text.split(",") if word.strip()]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _distribution(point: metadata.EntryPoint) -> str:
    return _normal(point.dist.name) if point.dist is not None else point.module


def _plugin(point: metadata.EntryPoint) -> LoadedPlugin:
    return LoadedPlugin(
        name=f"{_distribution(point)}:{point.name}",
        distribution=_distribution(point),
        version=point.dist.version if point.dist is not None else "",
        module=point.value,
    )
