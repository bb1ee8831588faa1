"""Asking for structured output, and asking again with what was wrong; by way of instructor."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
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

BOUNDS = ("exclusiveMinimum", "exclusiveMaximum", "minimum", "maximum", "additionalProperties")
"""Keywords that not every endpoint knows; the answer is checked for them all the same."""


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


def unbounded(schema: Any) -> Any:
    """Return a schema without the keywords some endpoints do not know.

    A type that may be null becomes the plain type with `nullable`.
    """
    if isinstance(schema, list):
        return [unbounded(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, Mapping):
            made[key] = {name: unbounded(inner) for name, inner in value.items()}
        elif key == "type" and isinstance(value, list):
            made |= {"type": next(t for t in value if t != "null"), "nullable": True}
        elif key not in BOUNDS:
            made[key] = unbounded(value)
    return made


def corrected(
    messages: Sequence[Mapping[str, Any]], turn: Mapping[str, Any] | None, error: InvalidOutputError
) -> list[dict[str, Any]]:
    """Return the conversation that asks the model to repair its answer.

    Args:
        messages: what was asked.
        turn: what the model answered, as its endpoint wants it back; None: nothing, which no
            endpoint takes back.
        error: all that is wrong with it.
    """
    faults = "\n".join(f"- {reason}" for reason in error.reasons)
    words = f"Your answer cannot be used:\n{faults}\nAnswer again in the form asked for, corrected."
    made = [dict(message) for message in messages]
    calls = turn.get("tool_calls") if turn else None
    if turn is None and made and made[-1]["role"] == "user":
        # Many endpoints want the roles to alternate.
        made[-1]["content"] = f"{made[-1]['content']}\n\n{words}"
        return made
    if turn is not None:
        made.append(dict(turn))
    made += [
        {
            "role": "tool",
            "tool_call_id": call["id"],
            "name": call["function"]["name"],
            "content": words,
        }
        for call in calls or ()
    ]
    if not calls:
        made.append({"role": "user", "content": words})
    return made


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
