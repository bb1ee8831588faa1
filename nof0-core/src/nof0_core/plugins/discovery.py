"""Find plugins by their entry points, in a fixed order, one broken one never stopping the rest."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from types import ModuleType

from nof0_core.errors import PluginError
from nof0_core.ids import derived_uuid
from nof0_core.plugins import messages
from nof0_core.plugins.hookspecs import GROUP
from nof0_core.plugins.plugin import FailedPlugin, LoadedPlugin
from nof0_core.plugins.registry import PluginCallError, PluginRegistry

CORE = "nof0-core"
BUILTIN_PLUGINS = ("nof0_core.builtin",)
_API = re.compile(r"nof0\.(v\d+)")


def load_plugins(environ: Mapping[str, str] | None = None) -> PluginRegistry:
    """Load core's own plugins, then every installed one that is not switched off.

    A plugin that does not import, whose hook raises, or that was written for another plugin API is
    kept in `failed` and only matters if the configuration needs it. Order: core, then by
    distribution and entry-point name.

    Args:
        environ: where `NOF0_PLUGINS` (comma-separated distributions to load, empty for core only)
            and `NOF0_DISABLE_PLUGINS` (distributions not to load) are read; default: the process's.

    Raises:
        PluginError: a plugin breaks the contract, or the allow list names one that is not there.
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
    for point in selected(os.environ if environ is None else environ, registry):
        _load(registry, point)
    return registry


def selected(
    environ: Mapping[str, str], registry: PluginRegistry | None = None
) -> Iterator[metadata.EntryPoint]:
    """Yield the entry points to load, sorted; note in `registry` what is left out and why.

    Raises:
        PluginError: the allow list names a distribution that has no plugin.
    """
    found = metadata.entry_points()
    points = {group: found.select(group=group) for group in found.groups if _API.fullmatch(group)}
    names = {_distribution(point) for group in points.values() for point in group}
    allowed = _words(environ[messages.ALLOW]) if messages.ALLOW in environ else names
    missing = sorted(set(allowed) - names)
    if missing:
        raise messages.not_installed(missing, sorted(names))
    wanted = set(allowed) - set(_words(environ.get(messages.DISABLE, "")))
    if registry is not None:
        registry.skipped |= names - wanted
        for group in sorted(points.keys() - {GROUP}):
            reason = messages.wrong_api(group.removeprefix("nof0."), GROUP.removeprefix("nof0."))
            registry.failed += [
                _failed(p, reason) for p in points[group] if _distribution(p) in wanted
            ]
    yield from sorted(
        (p for p in points.get(GROUP, ()) if _distribution(p) in wanted),
        key=lambda point: (_distribution(point), point.name),
    )


def _load(registry: PluginRegistry, point: metadata.EntryPoint) -> None:
    try:
        module = point.load()
    except Exception as error:  # noqa: BLE001 - importing a plugin runs code that can raise anything
        registry.failed.append(_failed(point, messages.failure(error)))
        return
    plugin = LoadedPlugin(
        name=f"{_distribution(point)}:{point.name}",
        distribution=_distribution(point),
        version=_version(point),
        module=point.value,
    )
    try:
        registry.add(plugin, module)
    except PluginCallError as error:
        registry.failed.append(_failed(point, str(error)))


def add_file(registry: PluginRegistry, path: Path, shown: str) -> None:
    """Load a one-off plugin from a Python file that the configuration names.

    Args:
        registry: where its kinds go.
        path: the file.
        shown: the file as the user named it, for messages.

    Raises:
        PluginError: if there is no such file, it does not import, or it breaks the contract.
    """
    plugin = LoadedPlugin(
        name=f"file:{shown}", distribution=shown, version="", module=shown, is_file=True
    )
    try:
        module = _import_file(path)
    except FileNotFoundError:
        message = f"there is no plugin file {shown}"
        raise PluginError(message, distribution=shown) from None
    except Exception as error:
        message = f"plugin {shown} does not import: {messages.failure(error)}"
        raise PluginError(message, distribution=shown) from error
    registry.add(plugin, module)


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(path)
    # The name must be stable and free: annotations are resolved through sys.modules.
    name = f"nof0_file_{path.stem}_{derived_uuid(str(path.resolve()))[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = "not a Python file"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _words(text: str) -> list[str]:
    return [_normal(word) for word in text.split(",") if word.strip()]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _distribution(point: metadata.EntryPoint) -> str:
    return _normal(point.dist.name) if point.dist is not None else point.module


def _version(point: metadata.EntryPoint) -> str:
    return point.dist.version if point.dist is not None else ""


def _failed(point: metadata.EntryPoint, reason: str) -> FailedPlugin:
    return FailedPlugin(
        name=f"{_distribution(point)}:{point.name}",
        distribution=_distribution(point),
        version=_version(point),
        module=point.value,
        reason=reason,
    )
