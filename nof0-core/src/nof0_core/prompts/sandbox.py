"""Where templates run: no way out, no names that do not exist, no end without a limit."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any

from nof0_core.prompts.effort import Pieces, TooMuchError
from nof0_core.prompts.forecast import OPERATORS
from nof0_core.prompts.measured import measured_call, measured_filters, measured_tests
from nof0_core.prompts.view import Function, LateView, View

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

MAX_OUTPUT = 200_000
"""Characters one message may have."""
MAX_RANGE = 10_000
"""Steps that all `range(…)` of one rendering may have together."""

_METHODS = frozenset({"split", "strip", "lower", "upper", "startswith", "endswith"})
"""Methods of texts that need no sandbox: they take and give plain values, none longer."""


@functools.cache
def sandbox() -> SandboxedEnvironment:
    """Return the environment of all templates."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from nof0_core.prompts.compiling import TemplateCode
    from nof0_core.prompts.rendering import Rendering

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset(OPERATORS)
        code_generator_class = TemplateCode
        context_class = Rendering
        views = frozenset({View, LateView})
        function = Function
        pieces = Pieces

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, View):
                return obj[attribute]
            is_harmless = type(obj) is str and attribute in _METHODS
            return getattr(obj, attribute) if is_harmless else super().getattr(obj, attribute)

        def call(self, context: Any, obj: Any, /, *arguments: Any, **named: Any) -> Any:
            if type(obj) is Function or _is_harmless(obj):
                named.pop("_loop_vars", None)
                named.pop("_block_vars", None)
                return obj(*arguments, **named)
            arguments = measured_call(context.effort, obj, arguments, named)
            return context.effort.kept(super().call(context, obj, *arguments, **named))

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, View) and isinstance(argument, str):
                return self.getattr(obj, argument)
            return super().getitem(obj, argument)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            OPERATORS[operator](context.effort, left, right)
            return context.effort.kept(super().call_binop(context, operator, left, right))

    environment = Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    # The same context must give the same text: nothing random, nothing that outlives a rendering.
    for name in ("lipsum", "range", "cycler", "joiner"):
        del environment.globals[name]
    del environment.filters["random"]
    environment.filters = measured_filters(environment.filters)
    environment.tests = measured_tests(environment.tests)
    return environment


def _is_harmless(called: Any) -> bool:
    is_built_in = type(called) is BuiltinMethodType
    return is_built_in and type(called.__self__) is str and called.__name__ in _METHODS


def limited_range() -> Any:
    """Return a `range` for one rendering; all its uses draw on one budget."""
    left = MAX_RANGE

    def budgeted(*arguments: int) -> range:
        nonlocal left
        steps = range(*arguments)
        left -= len(steps) if len(steps) <= MAX_RANGE else left + 1
        if left < 0:
            message = f"its ranges have more than {MAX_RANGE} steps together"
            raise TooMuchError(message)
        return steps

    return budgeted


def run(template: Template, values: Mapping[str, Any]) -> str:
    """Render a template.

    Raises:
        TooMuchError: it goes over a limit.
        jinja2.TemplateError: an undefined name, or something else only running can show.
    """
    pieces: list[str] = []
    size = 0
    context = template.new_context({**values, "range": limited_range()})
    try:
        for piece in template.root_render_func(context):
            size += len(piece)
            if size > MAX_OUTPUT:
                break
            pieces.append(piece)
    except Exception:  # noqa: BLE001 - whatever it is, it gets the template's lines
        template.environment.handle_exception()
    if size > MAX_OUTPUT:
        message = f"it writes more than {MAX_OUTPUT} characters"
        raise TooMuchError(message)
    return "".join(pieces)
