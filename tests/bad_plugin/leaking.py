"""The bad plugin, with a secret of its own that it lets out wherever it can.

A leak is written like a fault: `VERB:HOW`. `HOW` is one of `RAISED`, of `ANSWERED`, or the name of
a field of the answer (`fills:trade_id`), whose texts then carry the key; `TYPES` put the key where
a value of that type belongs.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

import attrs
import numpy as np

from bad_plugin import plugin
from bad_plugin.faults import ONCE, Odd
from nof0_core import BackendKind, ExchangeKind, PolicyKind, ServiceKind, hookimpl, opt
from nof0_core.domain.decision import Verdict, VerdictKind
from nof0_core.domain.model import Completion, ModelCall
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import (
    ConfigError,
    DataError,
    InvalidOutputError,
    LLMError,
    OutcomeUnknownError,
    Problem,
    RejectedError,
    TransientError,
)

NAME = "BAD_PLUGIN_KEY"
"""The environment variable the key is read from."""
EDGE = 190
"""Letters before the key, so that whoever cuts a text cuts the key."""


class Worded:
    """An object whose texts are the key."""

    def __init__(self, key):
        self.key = key

    def __repr__(self):
        return self.key

    __str__ = __repr__


class OwnError(Exception):
    """An error whose text is the key, and whose arguments are none."""

    def __init__(self, key):
        super().__init__()
        self.key = key

    def __str__(self):
        return f"not with {self.key}"


def _noted(key):
    error = RuntimeError("out of order")
    error.add_note(f"asked with {key}")
    return error


def _chained(key, *, is_wanted):
    error = TransientError("not today")
    cause = KeyError(key)
    if is_wanted:
        error.__cause__ = cause
    else:
        error.__context__ = cause
    return error


def _hinted(key):
    return DataError("no data", hints=[f"try without {key}"])


def _renamed(key, good):
    return {f"{name}{key}": value for name, value in good.items()} if _is_map(good) else good


def _is_map(value):
    return isinstance(value, Mapping)


RAISED = {
    "error": lambda key: RuntimeError(f"401 for {key}!"),
    "edge": lambda key: RuntimeError("x" * EDGE + key),
    "far_edge": lambda key: RuntimeError("x" * 290 + key),
    "spread": lambda key: RuntimeError(f"two\nlines, \t {key}\n\nand more"),
    "quoted": lambda key: RuntimeError(f"GET https://venue/v1?token={quote(key, safe='')}"),
    "as_json": lambda key: RuntimeError(json.dumps({"sent": key})),
    "as_python": lambda key: RuntimeError(repr({"sent": [key]})),
    "argument": KeyError,
    "file": lambda key: FileNotFoundError(2, "no such file", f"/keys/{key}"),
    "own": OwnError,
    "noted": _noted,
    "cause": lambda key: _chained(key, is_wanted=True),
    "context": lambda key: _chained(key, is_wanted=False),
    "group": lambda key: ExceptionGroup(key, [KeyError(key), ValueError(key)]),
    "groups": lambda key: BaseExceptionGroup(key, [SystemExit(key), ValueError(key)]),
    "exit": SystemExit,
    "odd": Odd,
    "named": lambda key: type(key, (RuntimeError,), {})("by another name"),
    "timeout": TimeoutError,
    "transient": lambda key: TransientError(f"busy: {key}"),
    "data": lambda key: DataError(f"unreadable: {key}"),
    "hinted": _hinted,
    "rejected": lambda key: RejectedError(f"key {key} may not trade"),
    "unknown": lambda key: OutcomeUnknownError(f"sent with {key}"),
    "llm": lambda key: LLMError(f"no answer for {key}"),
    "output": lambda key: InvalidOutputError([f"no JSON: {key}"], output=f"I am {key}"),
    "config": lambda key: ConfigError([Problem(file=key, line=1, path=key, message=key)]),
}
ANSWERED = {
    "text": lambda key, _: key,
    "edge_text": lambda key, _: "x" * EDGE + key,
    "bytes": lambda key, _: key.encode(),
    "object": lambda key, _: Worded(key),
    "class": lambda key, _: type(key, (), {})(),
    "names": lambda key, _: {key: key},
    "rows": lambda key, _: [key, key],
    "keys": _renamed,
}
TYPES = {
    "decimal": Decimal,
    "time": datetime,
    "flag": bool,
    "word": enum.Enum,
    "column": np.ndarray,
}


def carrying(answer, how, key):
    """Return a copy of an answer with the key in the fields of one name, or of one type."""
    kind = TYPES.get(how.removeprefix("edge_"))
    secret = "x" * EDGE + key if how.startswith("edge_") else key

    def put(name, value):
        if kind is not None:
            return secret if isinstance(value, kind) else walk(value)
        if name == how and (value is None or type(value) is str):
            return f"{value or ''}{key}"
        return walk(value)

    def walk(value):
        if attrs.has(type(value)):
            copy = object.__new__(type(value))
            for field in attrs.fields(type(value)):
                object.__setattr__(copy, field.name, put(field.name, getattr(value, field.name)))
            return copy
        if _is_map(value):
            return {name: walk(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(walk(each) for each in value)
        return value

    return walk(answer)


@attrs.define
class Leak:
    """A leak that begins with the third call of its verb; the log is told of every call."""

    text: str
    key: str
    log: object = None
    calls: int = 0

    def of(self, verb):
        """Count a call; say how it lets the key out, "" if it does not."""
        if self.log is not None:
            said = f"asked with {self.key}"
            self.log.info(said, key=self.key, headers={"x": [self.key]})
            self.log.warning("odd", value=Worded(self.key), error=OwnError(self.key))
        wanted, _, how = self.text.partition(":")
        if verb != wanted:
            return ""
        self.calls += 1
        return how if self.calls >= 3 or verb in ONCE else ""

    def raise_for(self, _, how):
        """Raise, if that is how."""
        if how in RAISED:
            raise RAISED[how](self.key)

    def answer(self, how, good):
        """Return an answer that may have the key in it."""
        if how in ANSWERED:
            return ANSWERED[how](self.key, good)
        return carrying(good, how, self.key) if how and how not in RAISED else good

    async def over(self, verb, ask):
        """Do a call with the leak, if it is its turn."""
        how = self.of(verb)
        self.raise_for(verb, how)
        return self.answer(how, await ask())


class Model(plugin.Model):
    """The bad plugin's, which can also answer in text and note calls."""

    async def complete(self, request):
        key, how = self.fault.key, self.fault.text.removeprefix("complete:")
        if self.fault.text.startswith("complete:") and how in ("escaped", "calls", "malformed"):
            self.fault.of("complete")
            if how == "calls":
                noted = {"model": key, "outcome": CallOutcome.FAILED, "detail": key}
                request.calls.add(ModelCall(**noted))
                raise LLMError("see the calls")
            hidden = "".join(f"\\u{ord(letter):04x}" for letter in key)
            text = f'[{{"signal": "hold", "symbol": "BTC", "reasoning": "{hidden}"}}]'
            if how == "malformed":
                text = text.replace("hold", hidden)
            return Completion(model=request.model.name, text=text)
        return await super().complete(request)


class Check(plugin.Check):
    """The bad plugin's, which can also veto with the key in every word."""

    def check(self, decision, context):
        key = self.fault.key
        if self.fault.text == "check:veto":
            numbers = {key: Decimal(1)}
            return Verdict(
                kind=VerdictKind.VETO, check=key, code=key, message=f"no: {key}", numbers=numbers
            )
        return super().check(decision, context)


def leaking(make):
    """Make what opens a service with a leak in opening, yielding or closing."""

    @asynccontextmanager
    async def open_it(config, env):
        leak = Leak(config.fault, config.key, env.log)
        leak.raise_for("open", leak.of("open"))
        async with make(config, env, leak) as service:
            yield leak.answer(leak.of("yield"), service)
            leak.raise_for("close", leak.of("close"))

    return open_it


@asynccontextmanager
async def _model(config, env, fault):
    yield Model(fault)


def keyed(base):
    """Make a config class that has a key too."""

    @attrs.frozen(kw_only=True)
    class Keyed(base):
        key: str = opt(default="", secret=True)

        def __attrs_post_init__(self):
            wanted, _, how = self.fault.partition(":")
            if wanted == "config":
                raise RAISED[how](self.key)

    return Keyed


def built(policy):
    """Make what builds a policy with a leak."""

    def build(config):
        leak = Leak(config.fault, config.key)
        leak.raise_for("build", leak.of("build"))
        return policy(leak)

    return build


MarketConfig = keyed(plugin.MarketConfig)
VenueConfig = keyed(plugin.VenueConfig)
LeakConfig = keyed(plugin.FaultConfig)


def _service(kind, config, make, **more):
    summary = "lets its key out"
    return [kind(type="bad", config=config, open=leaking(make), summary=summary, **more)]


def _policy(policy):
    summary = "lets its key out"
    return [PolicyKind(type="bad", config=LeakConfig, build=built(policy), summary=summary)]


@hookimpl
def nof0_market_providers():
    return _service(ServiceKind, MarketConfig, plugin._market)


@hookimpl
def nof0_exchange_providers():
    return _service(ExchangeKind, VenueConfig, plugin._venue)


@hookimpl
def nof0_llm_backends():
    return _service(BackendKind, LeakConfig, _model, reads_prompt=False)


@hookimpl
def nof0_exporters():
    return _service(ServiceKind, LeakConfig, plugin._exporter)


@hookimpl
def nof0_risk_checks():
    return _policy(Check)


@hookimpl
def nof0_allocators():
    return _policy(plugin.Allocator)
