"""What the installed plugins offer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nof0_core.errors import PluginError
from nof0_core.plugins import messages
from nof0_core.plugins.catalog import FailedPlugin, LoadedPlugin
from nof0_core.plugins.companion import Companion
from nof0_core.plugins.descriptor import Fault, companion_faults, faults_of
from nof0_core.plugins.families import COMPANIONS_HOOK, FAMILIES, Family
from nof0_core.plugins.implementations import HookError, Implementations
from nof0_core.plugins.kinds import Kind, PolicyKind, ServiceKind


class PluginRegistry:
    """The kinds of all plugins by family and type, and the companions by name.

    `plugins` loaded, in order; `failed` did not; `skipped` are the distributions that were switched
    off. A registry is an object like any other: make as many as needed.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, tuple[Kind, LoadedPlugin]]] = {f: {} for f in FAMILIES}
        self._companions: dict[str, tuple[Companion, LoadedPlugin]] = {}
        self._plugins: list[LoadedPlugin] = []
        self.failed: list[FailedPlugin] = []
        self.skipped: set[str] = set()

    @property
    def plugins(self) -> tuple[LoadedPlugin, ...]:
        """Return the plugins that loaded: core first, the others by distribution and name."""
        return tuple(self._plugins)

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

    @property
    def companions(self) -> Mapping[str, LoadedPlugin]:
        """Return who offers what may run beside the engine, by its name, sorted."""
        return {name: owner for name, (_, owner) in sorted(self._companions.items())}

    def companion(self, name: str) -> Companion:
        """Look up what may run beside the engine.

        Raises:
            PluginError: if no loaded plugin offers it; the hints say what there is.
        """
        if name not in self._companions:
            raise messages.no_companion(self, name)
        return self._companions[name][0]

    def add(self, plugin: LoadedPlugin, module: object) -> None:
        """Take a plugin's module and all it offers; `take` says what is raised."""
        self.take(Implementations(plugin, module))

    def take(self, implementations: Implementations) -> None:
        """Ask a plugin's hooks what they offer and keep it.

        Raises:
            HookError: if hooks raise or return no list; its reason has all of them.
            PluginError: if the plugin breaks the contract, with everything that is wrong; nothing
                of it is kept.
            DuplicateKindError: if it offers what another plugin offers.
        """
        plugin = implementations.plugin
        faults: list[PluginError] = []
        broken: list[HookError] = []
        kinds: dict[str, dict[str, Kind]] = {}
        companions: dict[str, Companion] = {}
        for family in FAMILIES.values():
            with _noted(broken):
                kinds[family.name] = self._kinds_of(implementations, family, faults)
        with _noted(broken):
            companions = self._companions_of(implementations, faults)
        if faults:
            raise messages.together([*faults, *broken])
        if broken:
            raise HookError(plugin, "; ".join(error.reason for error in broken))
        for name, found in kinds.items():
            self._kinds[name] |= {type_: (kind, plugin) for type_, kind in found.items()}
        self._companions |= {name: (one, plugin) for name, one in companions.items()}
        self._plugins.append(plugin)

    def copy(self) -> PluginRegistry:
        """Return a registry of the same plugins to which more can be added; asks no hook again."""
        other = PluginRegistry()
        other.failed += self.failed
        other.skipped |= self.skipped
        other._plugins += self._plugins
        other._companions |= self._companions
        for name, kinds in self._kinds.items():
            other._kinds[name] |= kinds
        return other

    def _kinds_of(
        self, implementations: Implementations, family: Family, faults: list[PluginError]
    ) -> dict[str, Kind]:
        plugin, kinds = implementations.plugin, dict[str, Kind]()
        for kind in implementations.offered(family.hook, family.descriptor.__name__):
            found = faults_of(kind, family)
            faults += [_fault(plugin, fault) for fault in found]
            if found or not isinstance(kind, ServiceKind | PolicyKind):
                continue
            taken = self._kinds[family.name].get(kind.type)
            if taken or kind.type in kinds:
                what = f'{family.noun} "{kind.type}"'
                faults.append(messages.duplicate(what, taken[1] if taken else plugin, plugin))
            kinds[kind.type] = kind
        return kinds

    def _companions_of(
        self, implementations: Implementations, faults: list[PluginError]
    ) -> dict[str, Companion]:
        plugin, companions = implementations.plugin, dict[str, Companion]()
        for one in implementations.offered(COMPANIONS_HOOK, Companion.__name__):
            found = companion_faults(one)
            faults += [_fault(plugin, fault) for fault in found]
            if found or not isinstance(one, Companion):
                continue
            taken = self._companions.get(one.name)
            if taken or one.name in companions:
                what = f'companion "{one.name}"'
                faults.append(messages.duplicate(what, taken[1] if taken else plugin, plugin))
            companions[one.name] = one
        return companions


@contextmanager
def _noted(broken: list[HookError]) -> Iterator[None]:
    """Keep what is wrong with one hook, so that the others are asked as well."""
    try:
        yield
    except HookError as error:
        broken.append(error)


def _fault(plugin: LoadedPlugin, fault: Fault) -> PluginError:
    return messages.broken_contract(plugin, fault.what, [fault.hint] if fault.hint else ())
