"""Asking for structured output, and asking again with what was wrong; by way of instructor."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from instructor import ResponseSchema
from instructor.v2 import Mode, Provider, mode_registry

from nof0_core.errors import InvalidOutputError

NAME = "decide"
"""What the tool is called that a model is made to call."""

_MODES = {
    "tools": Mode.TOOLS,
    "json_schema": Mode.JSON_SCHEMA,
    "json": Mode.JSON,
    "md_json": Mode.MD_JSON,
}


def prepared(body: Mapping[str, Any], mode: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call with the schema put where the mode has it.

    Args:
        body: arguments with `messages`; not changed.
        mode: `tools`, `json_schema`, `json` or `md_json`.
        schema: JSON schema of the answer.
    """
    handlers = mode_registry.get_handlers(Provider.OPENAI, _MODES[mode])
    shape = _shape(json.dumps(dict(schema), sort_keys=False))
    _, arguments = handlers.request_handler(response_model=shape, kwargs=dict(body))
    return dict(arguments)


def corrected(
    arguments: Mapping[str, Any], mode: str, response: Any, error: InvalidOutputError
) -> dict[str, Any]:
    """Return the arguments of the call that asks the model to repair its answer."""
    handlers = mode_registry.get_handlers(Provider.OPENAI, _MODES[mode])
    repaired = {**arguments, "messages": list(arguments["messages"])}
    why = ValueError("\n".join(f"- {reason}" for reason in error.reasons))
    return dict(handlers.reask_handler(kwargs=repaired, response=response, exception=why))


@functools.lru_cache(maxsize=256)
def _shape(schema: str) -> type[ResponseSchema]:
    """Make the class by which instructor knows a schema; equal schemas share one."""
    fixed: dict[str, Any] = json.loads(schema)

    class Shape(ResponseSchema):  # any other class would be wrapped anew at every call
        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            return {"title": NAME, **fixed}

    Shape.__name__ = NAME
    Shape.__doc__ = fixed.get("description")
    return Shape
