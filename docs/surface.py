"""Write tests/data/public_surface.txt, what plugins may rely on: `python docs/surface.py`.

One line for each name: a module's own or offered names, fields with their defaults, methods,
members. A test compares the file with what this makes, so no change goes unseen. Most changes are
accepted by writing the file anew. One is not: a field without a default that a released value did
not have breaks whoever makes that value, so it is refused here as well.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import attrs

from nof0_core.public import MODULES, WHOLE

TARGET = Path(__file__).parents[1] / "tests" / "data" / "public_surface.txt"
REQUIRED = re.compile(r"^(?P<field>\S+): .*  \(required since (?P<since>\d+\.\d+)\)$")
LONGEST = 100
"""Characters of a value that is shown; of a longer one only the type is."""
RULE = "a new field must have a default: plugins make such values, and theirs do not name it"


def modules() -> list[str]:
    """Return the full names of all public modules, sorted."""
    found = set(MODULES)
    for package in WHOLE:
        path = import_module(package).__path__
        found |= {f"{package}.{one.name}" for one in pkgutil.iter_modules(path)}
    return sorted(found)


def lines(since: dict[str, str]) -> list[str]:
    """Return one line for each public name, sorted.

    Args:
        since: from which version on each required field is there; others are of this one.
    """
    return sorted({line for name in modules() for line in _of_module(name, since)})


def required(text: list[str]) -> dict[str, str]:
    """Return the required fields in such lines, and since when they are."""
    return {m["field"]: m["since"] for line in text if (m := REQUIRED.match(line))}


def refused(before: list[str], after: list[str]) -> list[str]:
    """Return the fields that have to get a default: new ones without, of values known before."""
    known, old = {line.partition("  ")[0] for line in before}, required(before)
    return [
        field for field in required(after) if field not in old and field.rpartition(".")[0] in known
    ]


def _of_module(name: str, since: dict[str, str]) -> Iterator[str]:
    module = import_module(name)
    assigned = _assigned(module)
    names = set(assigned) | set(getattr(module, "__all__", ()))
    for each in sorted(n for n in names if not n.startswith("_")):
        if isinstance(getattr(module, each), TypeVar | ParamSpec):
            continue
        value, full = inspect.unwrap(getattr(module, each)), f"{name}.{each}"
        home = getattr(value, "__module__", name)
        if home != name and each not in assigned and home in modules():
            yield f"{full}  is {home}.{value.__qualname__}"
        elif inspect.isclass(value) and assigned.get(each) is None:
            yield from _of_class(value, full, since)
        elif inspect.isfunction(value):
            yield f"{full}{_signature(value)}"
        else:
            yield f"{full}{_constant(value, assigned.get(each), is_own=each in assigned)}"


def _assigned(module: ModuleType) -> dict[str, ast.expr | None]:
    """Return what a module defines itself, with the expression of what is assigned."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.Assign):
            found |= {t.id: node.value for t in node.targets if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node.value
    return found


def _constant(value: object, expression: ast.expr | None, *, is_own: bool) -> str:
    if not is_own:
        return "  (offered)"
    text = "" if expression is None else ast.unparse(expression)
    if text and len(text) <= LONGEST:
        return f" = {text}"
    return f": {type(value).__name__}"


def _of_class(cls: type, full: str, since: dict[str, str]) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    yield f"{full}  class({bases})"
    if issubclass(cls, Enum):
        yield from (f"{full}.{each.name} = {each.value!r}" for each in cls)
    elif attrs.has(cls):
        for field in attrs.fields(cls):
            yield _field(field, full, since)
    elif "__init__" in vars(cls) and not getattr(cls, "_is_protocol", False):
        yield f"{full}.__init__{_signature(cls.__init__)}"
    hidden = {field.name for field in attrs.fields(cls)} if attrs.has(cls) else {"pytestmark"}
    hidden |= set(cls.__members__) if issubclass(cls, Enum) else set()
    for name, member in sorted(_members(cls).items()):
        if name in hidden:
            continue
        text = _member(member)
        if text is not None:
            yield f"{full}.{name}{text}"


def _members(cls: type) -> dict[str, Any]:
    """Return public members, with those of bases nobody outside of nof0 can name."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is cls or (base.__module__.startswith("nof0_core") and not _is_listed(base)):
            found |= {n: m for n, m in vars(base).items() if not n.startswith(("_", "test_"))}
    return found


def _is_listed(cls: type) -> bool:
    return cls.__module__ in modules()


def _member(member: Any) -> str | None:
    if isinstance(member, property):
        return f": {_annotation(member.fget)}  (property)"
    if type(member).__name__ == "cached_property":
        return f": {_annotation(member.func)}  (property)"
    if type(member).__name__.startswith("Fixture"):
        return "  (fixture)"
    if isinstance(member, staticmethod | classmethod):
        return f"{_signature(member.__func__)}  ({type(member).__name__})"
    if inspect.isfunction(member):
        return _signature(member)
    if isinstance(member, str | int):
        return f" = {member!r}"
    return None if inspect.ismemberdescriptor(member) else f": {type(member).__name__}"


def _annotation(function: Callable[..., Any] | None) -> str:
    return str(function.__annotations__.get("return", "")) if function else ""


def _field(field: attrs.Attribute[Any], full: str, since: dict[str, str]) -> str:
    name = f"{full}.{field.alias or field.name}"
    type_ = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "Any")
    if not field.init:
        return f"{name}: {type_}  (not given)"
    if field.default is attrs.NOTHING:
        now = ".".join(version("nof0-core").split(".")[:2])
        return f"{name}: {type_}  (required since {since.get(name, now)})"
    return f"{name}: {type_} = {_default(field.default)}"


def _signature(function: Any) -> str:
    found = inspect.signature(function)
    parameters = [
        p.replace(
            default=p.default if p.default is p.empty else _Written(_default(p.default)),
            annotation=_written(p.annotation),
        )
        for p in found.parameters.values()
    ]
    returns = _written(found.return_annotation)
    text = str(found.replace(parameters=parameters, return_annotation=returns))
    return f"{text}  (async)" if inspect.iscoroutinefunction(function) else text


def _written(annotation: Any) -> Any:
    return _Written(annotation) if isinstance(annotation, str) else annotation


class _Written:
    """A part of a signature that is shown just so."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _default(value: Any) -> str:
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        return f"{_default(value.factory)}()"
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__name__)).removeprefix("builtins.")
    if isinstance(value, frozenset | set):
        # Their order differs from one process to the next.
        return f"{type(value).__name__}({sorted(map(_default, value))})"
    text = repr(value)
    return type(value).__name__ if " at 0x" in text or len(text) > LONGEST else text


def main() -> None:
    """Write the file, unless a field has to get a default."""
    before = TARGET.read_text(encoding="utf-8").splitlines() if TARGET.exists() else []
    after = lines(required(before))
    if wrong := refused(before, after):
        sys.exit("\n".join(f"{field}: {RULE}" for field in wrong))
    TARGET.write_text("\n".join(after) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
