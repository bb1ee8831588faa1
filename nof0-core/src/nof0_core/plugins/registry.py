"""What the installed plugins offer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from nof0_core.errors import PluginError
from nof0_core.plugins import messages
from nof0_core.plugins.companion import Companion
from nof0_core.plugins.descriptor import fault_of
from nof0_core.plugins.families import COMMANDS_HOOK, COMPANIONS_HOOK, FAMILIES, Family
from nof0_core.plugins.hookspecs import PROJECT, SPECS
from nof0_core.plugins.kinds import PolicyKind, ServiceKind
from nof0_core.plugins.plugin import FailedPlugin, LoadedPlugin

if TYPE_CHECKING:
    import click

Kind = ServiceKind[Any, Any] | PolicyKind[Any, Any]
Hook = Callable[..., Any]
Hooks = dict[str, list[Hook]]
"""Implementations of one plugin by the hook they implement."""


class PluginRegistry:
    """The kinds of all plugins, by family and type.

    `plugins` loaded, in order; `failed` did not; `skipped` are the distributions that were switched
    off. A registry is an object like any other: make as many as needed.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        for spec in SPECS:
            self._manager.add_hookspecs(spec)
        self._hooks = frozenset(family.hook for family in FAMILIES.values())
        self._hooks |= {COMMANDS_HOOK, COMPANIONS_HOOK}
        self._kinds: dict[str, dict[str, tuple[Kind, LoadedPlugin]]] = {f: {} for f in FAMILIES}
        self._plugins: list[tuple[LoadedPlugin, object, Hooks]] = []
        self.failed: list[FailedPlugin] = []
        self.skipped: set[str] = set()

    @property
    def plugins(self) -> tuple[LoadedPlugin, ...]:
        """Return the plugins that loaded: core first, the others by distribution and name."""
        return tuple(plugin for plugin, _, _ in self._plugins)

    def kind(self, family: str, type: str) -> Kind:  # noqa: A002 - the word in YAML
        """Look up a kind.

        Raises:
            UnknownKindError: if no loaded plugin offers it; the hints say what to do.
        """
        try:
            return self._kinds[family][type][0]
        except KeyError:
            raise messages.unknown_kind(self, family, type) from None

    def kinds(self, family: str) -> tuple[Kind, ...]:
        """Return all kinds of a family, sorted by type."""
        return tuple(kind for _, (kind, _) in sorted(self._kinds[family].items()))

    def owner(self, family: str, type: str) -> LoadedPlugin:  # noqa: A002 - the word in YAML
        """Return the plugin that offers a kind.

        Raises:
            UnknownKindError: if no loaded plugin offers it.
        """
        self.kind(family, type)
        return self._kinds[family][type][1]

    def add(self, plugin: LoadedPlugin, module: object) -> None:
        """Take a plugin's module and all it offers.

        Raises:
            PluginError: if the plugin breaks the contract; nothing of it is kept.
            DuplicateKindError: if it offers what another plugin offers.
        """
        hooks = self._implementations(plugin, module)
        try:
            self._manager.register(module, plugin.name)
        except (pluggy.PluginValidationError, ValueError) as error:
            what = str(error).strip().splitlines()[-1]
            raise messages.broken_contract(plugin, f"does not fit its hook: {what}") from error
        try:
            offered = [
                (family.name, self._offered(plugin, hooks[family.hook], family))
                for family in FAMILIES.values()
                if family.hook in hooks
            ]
        except PluginError:
            self._manager.unregister(module)
            raise
        for name, kinds in offered:
            self._kinds[name] |= {kind.type: (kind, plugin) for kind in kinds}
        self._plugins.append((plugin, module, hooks))

    def copy(self) -> PluginRegistry:
        """Return a registry of the same plugins to which more can be added."""
        other = PluginRegistry()
        other.failed += self.failed
        other.skipped |= self.skipped
        for plugin, module, _ in self._plugins:
            other.add(plugin, module)
        return other

    def add_commands(self, cli: click.Group) -> None:
        """Let every plugin that has commands add them.

        Raises:
            PluginError: if one of them cannot.
        """
        for plugin, _, hooks in self._plugins:
            try:
                for hook in hooks.get(COMMANDS_HOOK, ()):
                    hook(cli)
            except Exception as error:
                what = f"cannot add its commands: {messages.failure(error)}"
                raise messages.broken_contract(plugin, what) from error

    def companion(self, name: str) -> Companion:
        """Look up what may run beside the engine.

        Raises:
            PluginError: if no plugin offers it, two do, or a plugin's hook fails.
        """
        found: list[tuple[LoadedPlugin, Companion]] = []
        for plugin, _, hooks in self._plugins:
            for hook in hooks.get(COMPANIONS_HOOK, ()):
                try:
                    offered = list(hook())
                except Exception as error:
                    what = f"cannot offer its companions: {messages.failure(error)}"
                    raise messages.broken_contract(plugin, what) from error
                for one in offered:
                    if not isinstance(one, Companion):
                        what = f"offers {one!r}, which is not a Companion"
                        raise messages.broken_contract(plugin, what)
                    if one.name == name:
                        found.append((plugin, one))
        if len(found) != 1:
            raise messages.no_single_companion(self, name, [plugin for plugin, _ in found])
        return found[0][1]

    def _implementations(self, plugin: LoadedPlugin, module: object) -> Hooks:
        found: Hooks = {}
        for name, value in _functions(module):
            options = self._manager.parse_hookimpl_opts(module, name)
            if options is None:
                if name in self._hooks and _is_own(value, module):
                    what = f'defines "{name}" without marking it as a hook'
                    raise messages.broken_contract(plugin, what, ["put @hookimpl above it"])
                continue
            hook = options.get("specname") or name
            if hook not in self._hooks:
                if options.get("optionalhook"):
                    continue
                raise messages.unknown_hook(plugin, hook, self._hooks)
            if inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value):
                what = f'implements "{hook}" as a coroutine'
                hint = "hooks are called while plugins load, without an event loop: use plain def"
                raise messages.broken_contract(plugin, what, [hint])
            found.setdefault(hook, []).append(value)
        if not found:
            what = "implements no hook"
            hint = "mark a function such as nof0_exchange_providers with @hookimpl"
            raise messages.broken_contract(plugin, what, [hint])
        return found

    def _offered(self, plugin: LoadedPlugin, hooks: Sequence[Hook], family: Family) -> list[Kind]:
        try:
            answers: list[object] = [kind for hook in hooks for kind in hook()]
        except Exception as error:
            raise PluginCallError(messages.failure(error)) from error
        kinds: dict[str, Kind] = {}
        for kind in answers:
            fault = fault_of(kind, family)
            if fault or not isinstance(kind, ServiceKind | PolicyKind):
                raise messages.broken_contract(plugin, fault or "offers something unusable")
            taken = self._kinds[family.name].get(kind.type)
            if taken or kind.type in kinds:
                first = taken[1] if taken else plugin
                raise messages.duplicate_kind(family.name, kind.type, first, plugin)
            kinds[kind.type] = kind
        return list(kinds.values())


class PluginCallError(PluginError):
    """A plugin's hook raised; discovery counts the plugin as failed and goes on."""


def _functions(module: object) -> list[tuple[str, Any]]:
    names = sorted(vars(module)) if isinstance(module, ModuleType) else dir(module)
    return [(n, v) for n in names if inspect.isroutine(v := getattr(module, n, None))]


def _is_own(function: Any, module: object) -> bool:
    return getattr(function, "__module__", None) == getattr(module, "__name__", None)
