"""SWEEP.yaml, read and checked: axes, windows, seeds, each value with its place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import attrs

from nof0_core.config.environ import Environment
from nof0_core.config.files.sweep import (
    PromptEntry,
    RangeEntry,
    SweepFile,
    VariantEntry,
    WalkForwardEntry,
    WindowEntry,
)
from nof0_core.config.model import Place
from nof0_core.config.overriding import Override
from nof0_core.config.session import Session, nodes_of
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table, find
from nof0_core.errors import ConfigError
from nof0_core.plugins.registry import PluginRegistry
from nof0_core.sweep.space import Axis, Choice, Range, Space

_MODEL, _SYSTEM, _USER = (
    f"Manager.traders.*.{key}" for key in ("model", "prompt_template", "executor_prompt_template")
)
_MOST = 100_000
"""Values of one range of a grid."""


@attrs.frozen(kw_only=True)
class Asked:
    """What a sweep file asks for.

    `shown` is the file as the user named it, `path` the same absolute. `windows` and `walk` come
    with their places; both are empty where all of history is meant.
    """

    path: Path
    shown: str
    file: SweepFile
    space: Space
    traders: tuple[Scalar, ...]
    windows: tuple[tuple[WindowEntry, Place], ...]
    walk: tuple[WalkForwardEntry, Place] | None

    @property
    def name(self) -> str:
        """Return the name of the sweep's folder."""
        return self.file.name or self.path.stem.lower()

    @property
    def directories(self) -> Mapping[str, Path]:
        """Return where relative paths in it start."""
        return {self.shown: self.path.parent}

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """Return the seeds; None stands for the configured one."""
        return tuple(dict.fromkeys(self.file.seeds)) or (None,)


def read_sweep(path: Path, *, environ: Mapping[str, str] | None = None) -> Asked:
    """Read a sweep file; the configuration it names is not looked at.

    Raises:
        ConfigError: with all problems, in line order.
    """
    shown, problems = str(path), Problems()
    variables = os.environ if environ is None else environ
    session = Session(
        registry=PluginRegistry(), environment=Environment(variables, {}), problems=problems
    )
    table = session.read(path, shown)
    file = session.take(table, SweepFile)
    if table is not None and file is not None:
        made = _Reader(session, table, file)
        made.workers()
        space, windows, walk = made.space(), tuple(made.windows()), made.walk()
        if not len(problems):
            absolute = Path(os.path.abspath(path))  # noqa: PTH100 - keeps links
            return Asked(
                path=absolute, shown=shown, file=file, space=space, windows=windows, walk=walk,
                traders=tuple(made.scalars(file.traders, "the id of a trader")),
            )  # fmt: skip
    raise ConfigError(problems.ordered(session.files))


class _Reader:
    def __init__(self, session: Session, table: Table, file: SweepFile) -> None:
        self._session, self._table, self._file = session, table, file

    def windows(self) -> Iterator[tuple[WindowEntry, Place]]:
        for node in nodes_of(self._file.windows):
            found = self._session.take(node, WindowEntry)
            if found is None:
                continue
            if found.end <= found.start:
                self._note(
                    find(node, "to"), f"must be later than from, {found.start:%Y-%m-%d %H:%M}"
                )
            yield found, node.place

    def workers(self) -> None:
        node = self._table.get("workers")
        if self._file.scheduler and node is not None and not node.is_empty:
            self._note(node.place, "are local processes, which a scheduler takes the place of")

    def walk(self) -> tuple[WalkForwardEntry, Place] | None:
        for node in nodes_of([self._file.walk_forward]):
            if self._file.windows:
                self._note(node.place, "takes the place of windows: write one of them")
            found = self._session.take(node, WalkForwardEntry)
            if found is not None:
                return found, node.place
        return None

    def space(self) -> Space:
        file = self._file
        if file.search == "list":
            for name in ("models", "prompts", "parameters"):
                self._only(name, "grid or tpe; each of `variants` has its own")
            axes = [self._variants()] if file.variants else []
            if not axes:
                place = self._table.below("variants")
                self._note(
                    place, "required key is missing: search: list takes its variants from it"
                )
            return Space(axes=tuple(axes))
        self._only("variants", "list")
        if file.search == "grid":
            self._only("trials", "tpe")
            self._only("batch", "tpe")
        axes = []
        if file.models:
            choices = tuple(map(self._model, self.scalars(file.models, "an entry of llm.yaml")))
            axes.append(Axis(name="model", columns=("model",), choices=choices))
        if file.prompts:
            found = [self._prompt(node) for node in nodes_of(file.prompts)]
            axes.append(
                Axis(name="prompt", columns=("prompt",), choices=tuple(filter(None, found)))
            )
        parameters = self._table.get("parameters")
        entries = parameters.entries if isinstance(parameters, Table) else {}
        axes += [axis for path, node in entries.items() if (axis := self._axis(path, node))]
        self._distinct(axes)
        if file.search == "tpe" and not axes:
            self._note(self._table.below("search"), "tpe has nothing to search: vary something")
        return Space(axes=tuple(axes))

    def scalars(self, raw: tuple[object, ...], what: str) -> Iterator[Scalar]:
        """Yield the words of a list; what is none is noted."""
        for node in nodes_of(raw):
            if isinstance(node, Scalar) and node.kind == "text" and node.text:
                yield node
            else:
                self._note(node.place, f"expected {what}, got {node.shown}")

    def _variants(self) -> Axis:
        choices: list[Choice] = []
        columns: dict[str, None] = {}
        for node in nodes_of(self._file.variants):
            if self._session.take(node, VariantEntry) is None or not isinstance(node, Table):
                continue
            parts: list[Choice] = []
            model, prompt = node.get("model"), node.get("prompt")
            if model is not None:
                parts += map(self._model, self.scalars((model,), "an entry of llm.yaml"))
            if prompt is not None and (found := self._prompt(prompt)):
                parts.append(found)
            parts += [_value(path, each) for path, each in node.table("parameters").entries.items()]
            labels = tuple(label for each in parts for label in each.labels)
            columns.update(dict.fromkeys(name for name, _ in labels))
            overrides = tuple(one for each in parts for one in each.overrides)
            # In whatever order its keys are: it is the same.
            if any(set(labels) == set(one.labels) for one in choices):
                self._note(node.place, "is the same as one above")
            choices.append(Choice(labels=labels, overrides=overrides))
        return Axis(name="variants", columns=tuple(columns), choices=tuple(choices))

    def _model(self, node: Scalar) -> Choice:
        return Choice(
            labels=(("model", _label(node)),), overrides=(Override(path=_MODEL, node=node),)
        )

    def _prompt(self, node: Node) -> Choice | None:
        if isinstance(node, Table):
            found = self._session.take(node, PromptEntry)
            if found is None:
                return None
            pairs = ((_SYSTEM, "system"), (_USER, "user"))
            parts = [(path, part) for path, key in pairs if (part := node.get(key)) is not None]
            if not parts:
                self._note(node.place, "names no template: give system, user or both")
            label = " + ".join(filter(None, (found.system, found.user)))
            overrides = tuple(Override(path=path, node=part) for path, part in parts)
            return Choice(labels=(("prompt", label),), overrides=overrides)
        if isinstance(node, Scalar) and node.kind == "text" and node.text:
            overrides = (Override(path=_SYSTEM, node=node),)
            return Choice(labels=(("prompt", _label(node)),), overrides=overrides)
        self._note(node.place, f"expected a template or {{system, user}}, got {node.shown}")
        return None

    def _axis(self, path: str, node: Node) -> Axis | None:
        if isinstance(node, Items):
            if not node.items:
                self._note(node.place, "has no values")
            choices = tuple(_value(path, each) for each in node.items)
            return Axis(name=path, columns=(path,), choices=choices)
        if not isinstance(node, Table):
            told = f"expected a list of values or {{low, high, step, log}}, got {node.shown}"
            self._note(node.place, told)
            return None
        found = self._session.take(node, RangeEntry)
        if found is None:
            return None
        numbers = (found.low, found.high, found.step or Decimal(1))
        made = Range(
            path=path,
            place=node.place,
            low=found.low,
            high=found.high,
            step=found.step,
            is_log=found.log,
            is_whole=all(_is_whole(find_text(node, key)) for key in ("low", "high", "step")),
        )
        if self._file.search == "tpe":
            return Axis(name=path, columns=(path,), range=made)
        if found.step is None or found.log:
            self._note(node.place, "a grid needs a range with a step, and without log")
            return None
        low, high, step = numbers
        if (high - low) // step >= _MOST:
            self._note(node.place, f"has more than {_MOST:,} values")
            return None
        texts = [str(low + step * number) for number in range(int((high - low) // step) + 1)]
        return Axis(name=path, columns=(path,), choices=tuple(map(made.choice, texts)))

    def _distinct(self, axes: list[Axis]) -> None:
        for axis in axes:
            seen: set[object] = set()
            for each in axis.choices:
                if each.labels in seen:
                    self._note(each.overrides[0].node.place, "is the same as one above")
                seen.add(each.labels)

    def _only(self, key: str, search: str) -> None:
        node = self._table.get(key)
        if node is not None and not node.is_empty:
            self._note(node.place, f"only means something with search: {search}")

    def _note(self, place: Place, message: str) -> None:
        self._session.problems.add(place, message)


def find_text(node: Table, key: str) -> str:
    """Return what is written under a key, "0" where nothing is."""
    found = node.get(key)
    return (found.text or "0") if isinstance(found, Scalar) else "0"


def _is_whole(text: str) -> bool:
    return text.lstrip("+-").replace("_", "").isdigit()


def _value(path: str, node: Node) -> Choice:
    is_number = isinstance(node, Scalar) and node.kind in {"int", "float", "bool"}
    return Choice(
        labels=((path, _label(node)),),
        overrides=(Override(path=path, node=node),),
        is_number=is_number,
    )


def _label(node: Node) -> str:
    """Write a value as results show it; a variable is named, not told."""
    if isinstance(node, Scalar):
        return f"${{{node.variable}}}" if node.variable else node.text or "nothing"
    if isinstance(node, Items):
        return "[" + ", ".join(map(_label, node.items)) + "]"
    return "{" + ", ".join(f"{key}: {_label(each)}" for key, each in node.entries.items()) + "}"
