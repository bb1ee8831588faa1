"""Where templates run: no way out, no names that do not exist, no end without a limit."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from nof0_core.prompts.view import Function, LateView, View

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.compiler import CodeGenerator, Frame
    from jinja2.sandbox import SandboxedEnvironment

MAX_OUTPUT = 200_000
"""Characters one message may have."""
MAX_RANGE = 10_000
"""Steps that all `range(…)` of one rendering may have together."""
MAX_TEXT = 10_000
"""Characters that `text * number` may give."""

_BATCH = 256


class TooMuchError(Exception):
    """A template went over one of the limits; the text says which."""


@functools.cache
def sandbox() -> SandboxedEnvironment:
    """Return the environment of all templates."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})
        code_generator_class = _code()
        views = frozenset({View, LateView})

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, View):
                try:
                    return obj.read(attribute)
                except KeyError:
                    return self.undefined(hint=obj.complaint(attribute))
            return super().getattr(obj, attribute)

        def call(self, context: Any, obj: Any, /, *arguments: Any, **named: Any) -> Any:
            if type(obj) is Function:
                named.pop("_loop_vars", None)
                named.pop("_block_vars", None)
                return obj.call(*arguments, **named)
            return super().call(context, obj, *arguments, **named)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, View) and isinstance(argument, str):
                return self.getattr(obj, argument)
            return super().getitem(obj, argument)

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            _check_product(operator, left, right)
            return super().call_binop(context, operator, left, right)

    environment = Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    # The same context must give the same text: nothing random, nothing that outlives a rendering.
    for name in ("lipsum", "range", "cycler", "joiner"):
        del environment.globals[name]
    del environment.filters["random"]
    return environment


def _code() -> type[CodeGenerator]:
    """Return what compiles templates."""
    from jinja2 import nodes
    from jinja2.compiler import CodeGenerator

    class Code(CodeGenerator):
        def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's
            """Read a value of a view where it stands; ask the sandbox for all else."""
            if isinstance(node.node, nodes.Name):
                name, value = frame.symbols.ref(node.node.name), repr(node.attr)
                self.write(f"({name}[{value}] if type({name}) in environment.views and ")
                self.write(f"{value} in {name} else ")
                super().visit_Getattr(node, frame)
                self.write(")")
            else:
                super().visit_Getattr(node, frame)

    return Code


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
    stream = iter(template.generate(**values, range=limited_range()))
    while batch := list(islice(stream, _BATCH)):
        size += sum(map(len, batch))
        if size > MAX_OUTPUT:
            message = f"it writes more than {MAX_OUTPUT} characters"
            raise TooMuchError(message)
        pieces += batch
    return "".join(pieces)


def _check_product(operator: str, left: Any, right: Any) -> None:
    if operator == "**":
        message = "** is not available in templates"
        raise TooMuchError(message)
    for one, other in ((left, right), (right, left)):
        is_sequence = isinstance(one, Iterable) and hasattr(one, "__len__")
        if is_sequence and isinstance(other, int) and len(one) * other > MAX_TEXT:
            message = f"a product has more than {MAX_TEXT} characters"
            raise TooMuchError(message)
