"""Filters, tests and calls of templates, with what they take counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import BuiltinMethodType, MethodType
from typing import Any

from nof0_core.prompts.effort import Effort, TooMuchError, check_size, size_of
from nof0_core.prompts.forecast import FILTERS, METHODS

STEPS = "steps of a loop"
"""Name of the filter through which each loop goes; a template cannot write it."""
KEPT = "kept in a namespace"
"""Name of the filter of what is put into a namespace."""

_Called = Callable[..., Any]


def _counting(value: object) -> object:
    """Stand for what the compiler puts in the place of a filter."""
    return value


_COUNTING: Mapping[str, _Called] = {STEPS: _counting, KEPT: _counting}


def measured_filters(filters: Mapping[str, Any]) -> dict[str, _Called]:
    """Return filters that count, and those that stand for loops and namespaces."""
    found = {name: _filter(name, each) for name, each in filters.items()}
    return {**found, "join": _join(found["join"]), "reject": _reject(found["reject"]), **_COUNTING}


def measured_tests(tests: Mapping[str, Any]) -> dict[str, Any]:
    """Return tests that count."""
    return {name: _test(each) for name, each in tests.items()}


def measured_call(
    effort: Effort, called: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Count a call that is about to be made and return its arguments.

    Raises:
        TooMuchError: it would give or take too much.
    """
    from jinja2.runtime import LoopContext
    from jinja2.utils import Namespace

    effort.step()
    if type(called) is LoopContext:
        # A loop within itself, over other items.
        return (effort.steps(arguments[0]), *arguments[1:]) if arguments else arguments
    if called is Namespace:
        size_of([*arguments, *named.values()])
    for method in (called, getattr(called, "__wrapped__", None)):
        if isinstance(method, BuiltinMethodType | MethodType):
            return _measured_method(effort, method, arguments, named)
    return arguments


def _measured_method(
    effort: Effort,
    method: BuiltinMethodType | MethodType,
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
) -> tuple[Any, ...]:
    owner, name = method.__self__, method.__name__
    if isinstance(owner, bytes) or name == "to_bytes":
        message = f"{name}() is not available in templates"
        raise TooMuchError(message)
    if not isinstance(owner, str):
        return arguments
    effort.look(owner)
    if name == "join" and len(arguments) == 1:
        # What is joined has to be known before it is.
        arguments = (list(arguments[0]),)
    if (forecast := METHODS.get(name)) is not None:
        forecast(effort, owner, *arguments, **_own(named))
    return arguments


def _own(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments without those that are Jinja's."""
    return {name: each for name, each in named.items() if name not in _JINJAS}


_JINJAS = frozenset({"_loop_vars", "_block_vars"})


def _filter(name: str, called: _Called) -> _Called:
    from jinja2 import pass_context

    forecast, passed = FILTERS.get(name), _passed(called)

    @pass_context
    def run(context: Any, value: Any, *arguments: Any, **named: Any) -> Any:
        effort: Effort = context.effort
        effort.step()
        effort.look(value)
        if forecast is not None:
            forecast(effort, value, *arguments, **named)
        return effort.kept(called(*passed(context), value, *arguments, **named))

    return run


def _join(called: _Called) -> _Called:
    """Return the filter `join`; what is joined has to be known before it is."""
    from jinja2 import pass_context

    @pass_context
    def join(context: Any, value: Any, d: Any = "", attribute: Any = None) -> Any:
        effort: Effort = context.effort
        items = value if isinstance(value, str) else list(value)
        if attribute is None and type(d) is str and not context.eval_ctx.autoescape:
            effort.step()
            texts = [each if type(each) is str else str(each) for each in items]
            effort.take(sum(map(len, texts)) + len(texts) * len(d))
            return d.join(texts)
        check_size(size_of(items) + len(items) * len(str(d)))
        return called(context, items, d, attribute)

    return join


def _reject(called: _Called) -> _Called:
    """Return the filter `reject`; items of a list are not tested one by one as those of others."""
    from jinja2 import pass_context

    @pass_context
    def reject(context: Any, value: Any, *arguments: Any, **named: Any) -> Iterator[Any]:
        is_in = len(arguments) == 2 and arguments[0] == "in" and not named
        if is_in and type(value) is list and type(arguments[1]) is list:
            others, effort = arguments[1], context.effort
            effort.step()
            # Sixteen of them are as quickly compared as one item is made.
            effort.take(len(value) * len(others) >> 4)
            return iter([item for item in value if item not in others])
        rejected: Iterator[Any] = called(context, value, *arguments, **named)
        return rejected

    return reject


def _test(called: _Called) -> _Called:
    from jinja2 import pass_context

    passed = _passed(called)

    @pass_context
    def run(context: Any, *arguments: Any, **named: Any) -> Any:
        effort: Effort = context.effort
        effort.step()
        for each in arguments:
            effort.look(each)
        return called(*passed(context), *arguments, **named)

    return run


def _passed(called: _Called) -> Callable[[Any], tuple[Any, ...]]:
    """Return what tells which of its own things Jinja hands to a filter or test first."""
    from jinja2.utils import _PassArg

    found = _PassArg.from_obj(called)
    if found is _PassArg.context:
        return lambda context: (context,)
    if found is _PassArg.eval_context:
        return lambda context: (context.eval_ctx,)
    if found is _PassArg.environment:
        return lambda context: (context.environment,)
    return lambda _: ()
