"""The hooks one plugin implements, and the one way to call them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

import pluggy

from nof0_core.errors import PluginError
from nof0_core.plugins import messages
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.hookspecs import PROJECT, SPECS
from nof0_core.plugins.source import defined_at, raised_at


class HookError(PluginError):
    """A plugin's hook raised, or returned what no hook may return; `reason` says which and where.

    The plugin counts as failed, and the others go on.
    """

    def __init__(self, plugin: LoadedPlugin, reason: str) -> None:
        super().__init__(
            f"plugin {plugin}: {reason}",
            distribution=plugin.distribution,
            version=plugin.version,
            hints=(messages.way_out(plugin),),
        )
        self.reason = reason


class Implementations:
    """The hooks a plugin implements.

    Each is called with the arguments it names, so that one a hook gets later breaks nobody.

    Args:
        plugin: whose they are.
        module: where they are: a module, or any object with functions.
        specs: the classes that specify hooks.

    Raises:
        PluginError: the plugin breaks the contract; with everything that is wrong.
    """

    def __init__(self, plugin: LoadedPlugin, module: object, specs: Sequence[type] = SPECS) -> None:
        self.plugin = plugin
        self._manager = pluggy.PluginManager(PROJECT)
        for spec in specs:
            self._manager.add_hookspecs(spec)
        known = {
            name
            for spec in specs
            for name in vars(spec)
            if self._manager.parse_hookspec_opts(spec, name) is not None
        }
        faults, is_any = self._faults(module, known)
        if not faults:
            try:
                self._manager.register(module, plugin.name)
            except (pluggy.PluginValidationError, ValueError) as error:
                what = f"does not fit its hook: {str(error).strip().splitlines()[-1]}"
                faults.append(messages.broken_contract(plugin, what))
        if not faults and not is_any:
            hint = "mark a function such as nof0_exchange_providers with @hookimpl"
            faults.append(messages.broken_contract(plugin, "implements no hook", [hint]))
        if faults:
            raise messages.together(faults)

    def call(self, hook: str, **arguments: object) -> None:
        """Call what implements a hook that returns nothing.

        Raises:
            HookError: it raised.
        """
        for one in self._of(hook):
            try:
                self._ask(one, arguments)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise self._raised(hook, one, error) from error

    def offered(self, hook: str, wanted: str, **arguments: object) -> list[object]:
        """Return what implementations of a hook offer, in order.

        Args:
            hook: its name.
            wanted: of what it should return a list, for messages.
            arguments: those of the hook.

        Raises:
            HookError: it raised, or returned no list.
        """
        offers: list[object] = []
        for one in self._of(hook):
            try:
                answer = self._ask(one, arguments)
                is_list = isinstance(answer, Iterable) and not isinstance(
                    answer, str | bytes | Mapping
                )
                if is_list:
                    # What is made of yields runs now.
                    offers.extend(answer)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                raise self._raised(hook, one, error) from error
            if not is_list:
                place = defined_at(one.function, self.plugin)
                raise HookError(self.plugin, messages.returned(hook, answer, wanted) + place)
        return offers

    def _of(self, hook: str) -> list[pluggy.HookImpl]:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return caller.get_hookimpls()

    def _ask(self, one: pluggy.HookImpl, arguments: Mapping[str, object]) -> Any:
        return one.function(*(arguments[name] for name in one.argnames))

    def _raised(self, hook: str, one: pluggy.HookImpl, error: BaseException) -> HookError:
        place = raised_at(error, one.function, self.plugin)
        return HookError(self.plugin, f"{hook} raised {messages.failure(error)}{place}")

    def _faults(self, module: object, known: set[str]) -> tuple[list[PluginError], bool]:
        """Return what is wrong with the module's functions, and whether one implements a hook."""
        faults: list[PluginError] = []
        is_any = False

        def fault(what: str, hint: str) -> None:
            faults.append(messages.broken_contract(self.plugin, what, [hint]))

        for name, value in _functions(module):
            options = self._manager.parse_hookimpl_opts(module, name)
            if options is None:
                if name in known and _is_own(value, module):
                    fault(
                        f'defines "{name}" without marking it as a hook', "put @hookimpl above it"
                    )
                continue
            hook = options.get("specname") or name
            if hook not in known:
                if not options.get("optionalhook"):
                    faults.append(messages.unknown_hook(self.plugin, hook, known))
                continue
            is_any = True
            if inspect.iscoroutinefunction(value) or inspect.isasyncgenfunction(value):
                fault(
                    f'implements "{hook}" as a coroutine',
                    "hooks are called while plugins load, without an event loop: use plain def",
                )
            elif options.get("wrapper") or options.get("hookwrapper"):
                fault(
                    f'implements "{hook}" as a wrapper',
                    "each plugin is asked by itself, there is nothing to wrap: use plain @hookimpl",
                )
        return faults, is_any


def _functions(module: object) -> list[tuple[str, Any]]:
    names = sorted(vars(module)) if isinstance(module, ModuleType) else dir(module)
    return [(n, v) for n in names if inspect.isroutine(v := getattr(module, n, None))]


def _is_own(function: Any, module: object) -> bool:
    return getattr(function, "__module__", None) == getattr(module, "__name__", None)
