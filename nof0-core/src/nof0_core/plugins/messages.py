"""What is said about plugins that are missing, unknown, broken or in each other's way.

All wording is here, so that each message can be compared word for word in a test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nof0_core.errors import DuplicateKindError, PluginError, UnknownKindError
from nof0_core.plugins.catalog import Catalog, FailedPlugin, LoadedPlugin
from nof0_core.plugins.families import FAMILIES
from nof0_core.plugins.ours import is_ours
from nof0_core.plugins.suggestion import nearest

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


def unknown_kind(catalog: Catalog, family: str, type_: str) -> UnknownKindError:
    """Explain that no plugin offers a kind, and what to do."""
    noun = FAMILIES[family].noun
    known = [kind.type for kind in catalog.kinds(family)]
    home = FIRST_PARTY.get((family, type_))
    broken = [f for f in catalog.failed if f.distribution == home] if home else []
    suggestion = None
    if home and not broken:
        message, hints = _first_party(catalog, noun, type_, home)
    else:
        message = f'unknown {noun} "{type_}"'
        suggestion = nearest(type_, [*known, *(t for f, t in FIRST_PARTY if f == family)])
        hints = [f'did you mean "{suggestion}"?'] if suggestion else []
        hints += _inventory(catalog, family)
    return UnknownKindError(
        message, family=family, type=type_, known=known, suggestion=suggestion, hints=hints
    )


def _first_party(catalog: Catalog, noun: str, type_: str, home: str) -> tuple[str, list[str]]:
    if home in catalog.skipped:
        hint = f"{home} is switched off by {ALLOW} or {DISABLE}"
        return f'{noun} "{type_}" is switched off', [hint]
    for plugin in catalog.plugins:
        if plugin.distribution == home:
            message = f'{plugin} offers no {noun} "{type_}" yet'
            return message, [f"a newer version may have it: pip install --upgrade {home}"]
    message = f'{noun} "{type_}" is not installed'
    return message, [f"it is part of this project: pip install {home}"]


def _inventory(catalog: Catalog, family: str) -> list[str]:
    kinds = catalog.kinds(family)
    width = max((len(kind.type) for kind in kinds), default=0)
    installed = [f"{kind.type:<{width}}  ({catalog.owner(family, kind.type)})" for kind in kinds]
    hints = _column("installed:", installed or ["none"])
    hints += _column("failed to load:", [f"{f} — {f.reason}" for f in catalog.failed])
    package = FAMILIES[family].package
    return hints + _column("to add one:", [f"pip install {package}, then `nof0 plugins`"])


def _column(label: str, lines: Iterable[str]) -> list[str]:
    return [f"{'' if n else label:<16}{line}" for n, line in enumerate(lines)]


def duplicate(what: str, first: LoadedPlugin, second: LoadedPlugin) -> PluginError:
    """Explain that two plugins offer the same thing, and how to go on with one of them."""
    if first == second:
        return broken_contract(first, f"offers {what} twice")
    # This project's own plugin stands first; the stranger is the one to switch off.
    kept, other = sorted((first, second), key=lambda plugin: not is_ours(plugin))
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
        hints=hints or [way_out(plugin)],
    )


def way_out(plugin: LoadedPlugin) -> str:
    """Say how to go on without a plugin."""
    if plugin.is_file:
        return f"correct {plugin.module}, or take it out of Plugins in the main file"
    return f"uninstall it, or start with {DISABLE}={plugin.distribution}"


def slow_import(plugin: LoadedPlugin, seconds: float) -> str:
    """Say that a plugin is still being imported, and how to start without it."""
    return f"warning: plugin {plugin} has been importing for {seconds:g} s; {way_out(plugin)}"


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


def returned(hook: str, answer: object, wanted: str) -> str:
    """Say that a hook returned no list."""
    name = type(answer).__name__
    what = "None" if answer is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
    return f"{hook} returned {what}; return a list of {wanted}"


def together(faults: Sequence[PluginError]) -> PluginError:
    """Make one error of several; a single one stays as it is."""
    single = [one for fault in faults for one in fault.faults or (fault,)]
    if len(single) == 1:
        return single[0]
    names = {f"{one.distribution} {one.version}".rstrip(): one for one in single}
    whose = f"plugin {next(iter(names))}" if len(names) == 1 else "plugins"
    lines: list[str] = []
    for one, after in zip(single, [*single[1:], None], strict=True):
        lines.append(str(one))
        if after is None or after.hints != one.hints:
            # The same way out of several faults is shown once, below the last of them.
            lines += [f"  {hint}" for hint in one.hints]
    alone = single[0] if len(names) == 1 else None
    return PluginError(
        f"{len(single)} things are wrong with {whose}",
        distribution=alone.distribution if alone else "",
        version=alone.version if alone else "",
        hints=lines,
        faults=single,
    )


def without_commands(failed: FailedPlugin) -> str:
    """Say that the commands of a plugin are not there, and why."""
    return f"plugin {failed.distribution} has no commands here — {failed.reason}"


def no_companion(catalog: Catalog, name: str) -> PluginError:
    """Explain that no plugin offers what should run beside the engine, and what there is."""
    known = catalog.companions
    home = COMPANIONS.get(name)
    suggestion = nearest(name, known)
    width = max(map(len, known), default=0)
    hints = [f'did you mean "{suggestion}"?'] if suggestion else []
    if home in catalog.skipped:
        hints.append(f"{home} is switched off by {ALLOW} or {DISABLE}")
    elif home:
        hints.append(f"it is part of this project: pip install {home}")
    there = [f"{one:<{width}}  ({owner})" for one, owner in known.items()]
    hints += _column("installed:", there or ["none"])
    hints += _column("failed to load:", [f"{f} — {f.reason}" for f in catalog.failed])
    return PluginError(f'no plugin offers a companion "{name}"', hints=hints)
