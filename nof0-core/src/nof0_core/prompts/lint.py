"""Find what is wrong with a template without waiting for the market to lead there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nof0_core.prompts.sandbox import run, sandbox
from nof0_core.prompts.template import Source, failing_line, reason
from nof0_core.prompts.view import View

if TYPE_CHECKING:
    from jinja2 import Template, nodes

Finding = tuple[int, str]
"""Line in the template (0: the file as a whole) and a sentence."""

_LENIENT = frozenset({"default", "d", "defined", "undefined"})
"""Filters and tests that are there for names that may not exist."""
_UNKNOWN = object()


def lint(source: Source, samples: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Check one template against sample variables; findings in order of lines.

    Names and attributes are followed through the whole template, branches that no sample enters
    included; then each sample is rendered, which shows what only running can show.
    """
    from jinja2 import TemplateSyntaxError

    try:
        tree = sandbox().parse(source.text, source.key, str(source.path))
        template = source.template
    except TemplateSyntaxError as error:
        return [(error.lineno, str(error.message))]
    findings = dict.fromkeys(
        [*_other_files(tree), *_unknown_names(tree, samples[0]), *_unknown_values(tree, samples)]
    )
    if not findings:
        findings = dict.fromkeys(_failures(source, template, samples))
    return sorted(findings)


def _other_files(tree: nodes.Template) -> Iterator[Finding]:
    from jinja2 import nodes

    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        word = type(node).__name__.removeprefix("From").lower()
        yield node.lineno, f"a prompt is one file: {word} is not available"


def _unknown_names(tree: nodes.Template, known: Mapping[str, Any]) -> Iterator[Finding]:
    from jinja2 import meta, nodes

    names = {*known, *sandbox().globals, "range"}
    unknown = meta.find_undeclared_variables(tree) - names
    for node in tree.find_all(nodes.Name):
        if node.name in unknown and node.ctx == "load":
            near = difflib.get_close_matches(node.name, names, n=1)
            hint = f', did you mean "{near[0]}"?' if near else ""
            yield node.lineno, f'there is no variable "{node.name}"{hint}'


def _unknown_values(
    tree: nodes.Template, samples: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    for sample in samples:
        yield from _walk(tree, dict(sample))


def _walk(node: nodes.Node, scope: dict[str, Any]) -> Iterator[Finding]:
    """Follow views through a part of the tree; `scope` has what each name stands for."""
    from jinja2 import nodes

    if isinstance(node, nodes.For):
        yield from _walk_loop(node, scope)
        return
    if isinstance(node, nodes.Assign):
        yield from _walk(node.node, scope)
        _bind(node.target, _value(node.node, scope), scope)
        return
    if isinstance(node, nodes.Filter | nodes.Test) and node.name in _LENIENT:
        return
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        base, name = _value(node.node, scope), _attribute(node)
        if isinstance(base, View) and name is not None and name not in base.names():
            yield node.lineno, base.complaint(name)
    if isinstance(node, nodes.Macro | nodes.CallBlock):
        scope = {**scope, **{each.name: _UNKNOWN for each in node.args}}
    for child in node.iter_child_nodes():
        yield from _walk(child, scope)


def _walk_loop(loop: nodes.For, scope: dict[str, Any]) -> Iterator[Finding]:
    """Follow a loop with its target standing for the first item."""
    yield from _walk(loop.iter, scope)
    items = _value(loop.iter, scope)
    inner = dict(scope)
    _bind(loop.target, items[0] if isinstance(items, tuple) and items else _UNKNOWN, inner)
    for child in (*loop.body, *([loop.test] if loop.test else [])):
        yield from _walk(child, inner)
    for child in loop.else_:
        yield from _walk(child, scope)


def _bind(target: nodes.Node, value: Any, scope: dict[str, Any]) -> None:
    from jinja2 import nodes

    if isinstance(target, nodes.Name):
        scope[target.name] = value
    elif isinstance(target, nodes.Tuple):
        for each in target.items:
            _bind(each, _UNKNOWN, scope)


def _value(node: nodes.Node, scope: Mapping[str, Any]) -> Any:
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return scope.get(node.name, _UNKNOWN)
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        base, name = _value(node.node, scope), _attribute(node)
        if isinstance(base, View) and name is not None and name in base.names():
            return base[name]
        if isinstance(base, tuple) and base and isinstance(node, nodes.Getitem):
            return base[0]
    return _UNKNOWN


def _attribute(node: nodes.Getattr | nodes.Getitem) -> str | None:
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return node.attr
    is_text = isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)
    return node.arg.value if is_text else None  # type: ignore[attr-defined]  # just tested


def _failures(
    source: Source, template: Template, samples: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    for sample in samples:
        try:
            run(template, sample)
        # Whatever a template's own expressions raise is the template's fault.
        except Exception as error:  # noqa: BLE001
            yield failing_line(source, error), reason(error)
