"""What makes Python of templates: what surely does no harm is done where it stands."""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, operators

from nof0_core.prompts.known_views import known_look_ups
from nof0_core.prompts.measured import KEPT, STEPS

_TOGETHER = 32
"""Pieces of text that are put together before somebody looks at how long all of it is."""

_COUNTS = {STEPS: "steps", KEPT: "kept_in_namespace"}
"""What of the effort stands for a filter that was put in."""


class TemplateCode(CodeGenerator):
    """Leaves to the sandbox all but values of views, their functions and the test for none.

    The environment has the class `function` of functions of views, in `views` the classes of views
    themselves, and `pieces` to put texts together in. What a template makes and goes through is
    counted by the `effort` of its context.
    """

    _known: frozenset[int] = frozenset()

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja's
        """Find out first which names of a template are views."""
        self._known = known_look_ups(node)
        _measure(node)
        super().visit_Template(node, frame)

    def buffer(self, frame: Frame) -> None:
        """Count what is put together in memory."""
        frame.buffer = self.temporary_identifier()
        self.writeline(f"{frame.buffer} = environment.pieces(context.effort)")

    def visit_Filter(self, node: nodes.Filter, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Call what counts where it is; other filters as ever."""
        count = _COUNTS.get(node.name)
        if count is None or node.node is None:
            super().visit_Filter(node, frame)
            return
        self.write(f"context.effort.{count}(")
        self.visit(node.node, frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Count a text that is put together."""
        self._kept(super().visit_Concat, node, frame)

    def visit_List(self, node: nodes.List, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Count a list that is made."""
        self._kept(super().visit_List, node, frame)

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Count a mapping that is made."""
        self._kept(super().visit_Dict, node, frame)

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Count a tuple that is made; one of names is what a value is shared out to."""
        if node.ctx == "load":
            self._kept(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Count what a value is compared with or looked for in."""
        if isinstance(node.expr, nodes.Const):
            super().visit_Operand(node, frame)
            return
        self.write(f" {operators[node.op]} context.effort.looked(")
        self.visit(node.expr, frame)
        self.write(")")

    def _kept(self, visit: Callable[[Any, Frame], None], node: nodes.Expr, frame: Frame) -> None:
        if all(isinstance(each, nodes.Const) for each in node.iter_child_nodes()):
            # As it stands in the template.
            visit(node, frame)
            return
        self.write("context.effort.kept(")
        visit(node, frame)
        self.write(")")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Read a value of a view as the item it is."""
        if not isinstance(node.node, nodes.Name):
            super().visit_Getattr(node, frame)
            return
        name, value = frame.symbols.ref(node.node.name), repr(node.attr)
        if id(node) in self._known:
            self.write(f"{name}[{value}]")
            return
        self.write(f"({name}[{value}] if type({name}) in environment.views else ")
        super().visit_Getattr(node, frame)
        self.write(")")

    def visit_Call(  # noqa: N802 - Jinja's
        self,
        node: nodes.Call,
        frame: Frame,
        forward_caller: bool = False,  # noqa: FBT001, FBT002 - Jinja's
    ) -> None:
        """Call a function of a view; what is called is known only when it is."""
        if forward_caller or not _is_plain(node):
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        function = self.temporary_identifier()
        self.write(f"({function}._call(")
        for argument in (*node.args, *node.kwargs):
            self.visit(argument, frame)
            self.write(", ")
        self.write(f") if type({function} := ")
        self.visit(node.node, frame)
        self.write(f") is environment.function else environment.call(context, {function}")
        names = ["_loop_vars"] * bool(frame.loop_frame) + ["_block_vars"] * bool(frame.block_frame)
        self.signature(node, frame, {name: name for name in names})
        self.write("))")

    def visit_Test(self, node: nodes.Test, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Look whether something is none."""
        is_none = node.name == "none" and not (node.args or node.kwargs)
        if not is_none or not isinstance(node.node, nodes.Getattr | nodes.Name):
            super().visit_Test(node, frame)
            return
        self.write("(")
        self.visit(node.node, frame)
        self.write(" is None)")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja's
        """Hand over texts and values that follow each other as one piece."""
        if frame.buffer is not None or frame.require_output_check or len(node.nodes) < 2:
            super().visit_Output(node, frame)
            return
        finalize = self._make_finalize()
        for begin in range(0, len(node.nodes), _TOGETHER):
            self.writeline("yield concat((")
            self.indent()
            for child in node.nodes[begin : begin + _TOGETHER]:
                self.newline(child)
                if isinstance(child, nodes.TemplateData):
                    self.visit(child, frame)
                else:
                    self._output_child_pre(child, frame, finalize)
                    self.visit(child, frame)
                    self._output_child_post(child, frame, finalize)
                self.write(",")
            self.outdent()
            self.writeline("))")


def _measure(tree: nodes.Template) -> None:
    """Send what loops go through, and what is put into namespaces, through filters that count."""
    for loop in tree.find_all(nodes.For):
        loop.iter = _through(STEPS, loop.iter)
    for each in tree.find_all(nodes.Assign):
        if isinstance(each.target, nodes.NSRef) or each.target.find(nodes.NSRef) is not None:
            each.node = _through(KEPT, each.node)


def _through(name: str, node: Any) -> nodes.Filter:
    made = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
    made.set_environment(node.environment)
    return made


def _is_plain(node: nodes.Call) -> bool:
    """Tell whether a call may be written down twice: it has no other call inside."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return False
    if not isinstance(node.node, nodes.Getattr):
        return False
    given = (*node.args, *node.kwargs)
    if any(iskeyword(each.key) for each in node.kwargs):
        return False
    return not any(isinstance(each, nodes.Call) or each.find(nodes.Call) for each in given)
