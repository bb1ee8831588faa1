"""What is said about plugins that are missing, unknown, broken or in each other's way.

All wording is here, so that each message can be compared word for word in a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from nof0_core.errors import DuplicateKindError, PluginError, UnknownKindError
from nof0_core.plugins.families import FAMILIES
from nof0_core.plugins.plugin import LoadedPlugin
from nof0_core.plugins.suggestion import nearest

if TYPE_CHECKING:
    from nof0_core.plugins.registry import PluginRegistry

FIRST_PARTY = {
    ("market", "sim"): "nof0-provider-sim",
    ("market", "hyperliquid"): "nof0-provider-hyperliquid",
    ("exchange", "sim"): "nof0-provider-sim",
    ("exchange", "hyperliquid"): "nof0-provider-hyperliquid",
    ("llm", "openai"): "nof0-llm",
    ("llm", "ensemble"): "nof0-llm",
    ("llm", "critic"): "nof0-llm",
    ("llm", "tape"): "nof0-llm",
    ("llm", "baseline"): "nof0-llm",
}
"""Which distribution of this project offers a kind; core offers none of these itself."""

COMPANIONS = {"serve": "nof0-api"}
"""Which distribution of this project offers what runs beside the engine."""

DISABLE = "NOF0_DISABLE_PLUGINS"
ALLOW = "NOF0_PLUGINS"


def failure(error: BaseException) -> str:
    """Describe an exception in one line: `ModuleNotFoundError: No module named 'acme'`."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def unknown_kind(registry: PluginRegistry, family: str, type_: str) -> UnknownKindError:
    """Explain that no plugin offers a kind, and what to do."""
    noun = FAMILIES[family].noun
    known = [kind.type for kind in registry.kinds(family)]
    home = FIRST_PARTY.get((family, type_))
    broken = [f for f in registry.failed if f.distribution == home] if home else []
    suggestion = None
    if home and not broken:
        message, hints = _first_party(registry, noun, type_, home)
    else:
        message = f'unknown {noun} "{type_}"'
        suggestion = nearest(type_, [*known, *(t for f, t in FIRST_PARTY if f == family)])
        hints = [f'did you mean "{suggestion}"?'] if suggestion else []
        hints += _inventory(registry, family)
    return UnknownKindError(
        message, family=family, type=type_, known=known, suggestion=suggestion, hints=hints
    )


def _first_party(
    registry: PluginRegistry, noun: str, type_: str, home: str
) -> tuple[str, list[str]]:
    if home in registry.skipped:
        hint = f"{home} is switched off by {ALLOW} or {DISABLE}"
        return f'{noun} "{type_}" is switched off', [hint]
    for plugin in registry.plugins:
        if plugin.distribution == home:
            message = f'{noun} "{type_}" is not part of {plugin}'
            return message, [f"a newer version may have it: pip install --upgrade {home}"]
    message = f'{noun} "{type_}" is not installed'
    return message, [f"it is part of this project: pip install {home}"]


def _inventory(registry: PluginRegistry, family: str) -> list[str]:
    kinds = registry.kinds(family)
    width = max((len(kind.type) for kind in kinds), default=0)
    installed = [f"{kind.type:<{width}}  ({registry.owner(family, kind.type)})" for kind in kinds]
    hints = _column("installed:", installed or ["none"])
    hints += _column("failed to load:", [f"{f} — {f.reason}" for f in registry.failed])
    package = FAMILIES[family].package
    return hints + _column("to add one:", [f"pip install {package}, then `nof0 plugins`"])


def _column(label: str, lines: Iterable[str]) -> list[str]:
    return [f"{'' if n else label:<16}{line}" for n, line in enumerate(lines)]


def duplicate_kind(
    family: str, type_: str, first: LoadedPlugin, second: LoadedPlugin
) -> PluginError:
    """Explain that two plugins offer the same kind, and how to go on with one of them."""
    what = f'{FAMILIES[family].noun} "{type_}"'
    if first == second:
        return broken_contract(first, f"offers {what} twice")
    # This project's own plugin stands first; the stranger is the one to switch off.
    kept, other = sorted((first, second), key=lambda plugin: not _is_of_project(plugin))
    width = max(len(str(kept)), len(str(other)))
    if other.is_file:
        way_out = f"take {other.module} out of Plugins in the main file"
    else:
        way_out = f"uninstall one, or start with {DISABLE}={other.distribution}"
    return DuplicateKindError(
        f"two plugins offer {what}",
        distribution=other.distribution,
        version=other.version,
        hints=[
            f"{kept!s:<{width}}   {kept.module}",
            f"{other!s:<{width}}   {other.module}",
            way_out,
        ],
    )


def _is_of_project(plugin: LoadedPlugin) -> bool:
    return plugin.is_builtin or plugin.distribution in FIRST_PARTY.values()


def unknown_hook(plugin: LoadedPlugin, hook: str, known: Iterable[str]) -> PluginError:
    """Explain that a plugin implements a hook that does not exist."""
    names = sorted(known)
    suggestion = nearest(hook, names)
    hint = f'did you mean "{suggestion}"?' if suggestion else "hooks: " + ", ".join(names)
    return broken_contract(plugin, f'implements an unknown hook "{hook}"', [hint])


def broken_contract(plugin: LoadedPlugin, what: str, hints: Sequence[str] = ()) -> PluginError:
    """Explain that a plugin does what plugins must not do."""
    return PluginError(
        f"plugin {plugin} {what}",
        distribution=plugin.distribution,
        version=plugin.version,
        hints=hints or [_way_out(plugin)],
    )


def _way_out(plugin: LoadedPlugin) -> str:
    if plugin.is_file:
        return f"correct {plugin.module}, or take it out of Plugins in the main file"
    return f"uninstall it, or start with {DISABLE}={plugin.distribution}"


def wrong_api(offered: str, wanted: str) -> str:
    """Say that a plugin was written for another version of the plugin API."""
    return f"targets plugin API {offered}, this nof0 speaks {wanted}"


def not_installed(names: Sequence[str], installed: Sequence[str]) -> PluginError:
    """Explain that the allow list names distributions that are not there."""
    quoted = ", ".join(f'"{name}"' for name in names)
    hints = [
        f'did you mean "{found}"?' for name in names if (found := nearest(name, installed))
    ] + ["installed: " + (", ".join(sorted(installed)) or "none")]
    return PluginError(f"{ALLOW} names {quoted}, which no plugin is called", hints=hints)


def no_single_companion(
    registry: PluginRegistry, name: str, owners: Sequence[LoadedPlugin]
) -> PluginError:
    """Explain that nobody, or more than one plugin, offers what should run beside the engine."""
    if owners:
        return PluginError(
            f'{len(owners)} plugins offer "{name}"',
            hints=[*map(str, owners), f"uninstall one, or start with {DISABLE}=<distribution>"],
        )
    hints = [f"failed to load: {f} — {f.reason}" for f in registry.failed]
    home = COMPANIONS.get(name)
    if home in registry.skipped:
        hints.append(f"{home} is switched off by {ALLOW} or {DISABLE}")
    elif home:
        hints.append(f"it is part of this project: pip install {home}")
    return PluginError(f'no plugin offers "{name}"', hints=hints)
