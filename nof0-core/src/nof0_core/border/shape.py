"""Whether what a plugin yields is a service: it has the methods that are going to be called."""

from __future__ import annotations

import inspect
from typing import Any


def shape_faults(service: object, protocol: type[Any]) -> tuple[str, ...]:
    """Return what is wrong with the methods of a service, each as the end of a sentence.

    The sentence begins with who yields it: "… yields a NoneType, which has no quotes()".
    """
    lacking: list[str] = []
    found: list[str] = []
    for name, wanted in vars(protocol).items():
        if name.startswith("_"):
            continue
        if isinstance(wanted, property):
            if not _has(service, name):
                lacking.append(name)
        elif inspect.isfunction(wanted):
            method = _method(service, name)
            if not callable(method):
                lacking.append(f"{name}()")
                continue
            is_wanted = inspect.iscoroutinefunction(wanted)
            if is_wanted and not _is_coroutine(method):
                found.append(f"{name}() is no coroutine function: write async def {name}")
            elif not is_wanted and _is_coroutine(method):
                found.append(f"{name}() is a coroutine function: write def {name}, without async")
    if lacking:
        found.insert(0, f"which has no {', '.join(lacking)}")
    kind = type(service).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    return tuple(
        f"yields {article} {kind}, {fault if fault.startswith('which') else f'whose {fault}'}"
        for fault in found
    )


def _has(service: object, name: str) -> bool:
    try:
        return hasattr(service, name)
    except Exception:  # noqa: BLE001 - a plugin's own property can raise anything
        return False


def _method(service: object, name: str) -> object:
    try:
        return getattr(service, name, None)
    except Exception:  # noqa: BLE001 - a plugin's own property can raise anything
        return None


def _is_coroutine(method: Any) -> bool:
    """Tell whether calling gives a coroutine, also behind decorators that keep what they wrap."""
    inner = inspect.unwrap(method)
    called = getattr(type(inner), "__call__", None)  # noqa: B004 - an object that is called
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(called)
