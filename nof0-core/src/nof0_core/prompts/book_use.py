"""Does a template show order books? Only then is the market asked for them."""

from __future__ import annotations

import functools

_WORD = "book"
"""Name of the order book in a coin."""


@functools.lru_cache(maxsize=64)
def uses_order_books(text: str) -> bool:
    """Tell whether a template reads a coin's order book anywhere, rare branches included.

    A name that is only put together while rendering is not seen. A text that is no template says
    nothing: whoever renders it is told what is wrong.
    """
    if _WORD not in text:
        return False
    from jinja2 import TemplateSyntaxError, nodes

    from nof0_core.prompts.sandbox import sandbox

    try:
        tree = sandbox().parse(text)
    except TemplateSyntaxError:
        return False
    read = {node.attr for node in tree.find_all(nodes.Getattr)}
    named = (node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str))
    # `coin["book"]`, `coin | attr("book")`, `coins | map(attribute="book.bid")`
    return _WORD in read or any(_WORD in value.split(".") for value in named)
