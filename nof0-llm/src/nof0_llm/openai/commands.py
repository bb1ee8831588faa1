"""`nof0 llm`: which models there are, and what one of them says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_llm.openai.settings import OpenAIParams, mode_of

if TYPE_CHECKING:
    from nof0_core.domain.model import ModelSpec
    from nof0_core.project import Asked, Config

HEAD = (
    "model",
    "backend",
    "model_name",
    "mode",
    "USD per 1M in / out",
    "daily budget",
    "tier",
    "stands in",
    "used by",
)


@click.group()
def llm() -> None:
    """List the models of a configuration and try one."""


@llm.command()
@config_argument
@data_dir_option
@json_option
def models(config_file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """List the models with backend, way of asking, prices, daily budget and who uses them.

    "stands in" is the priority with which a model answers where another one gives no answer.
    """
    from nof0_core.project import load_config

    config = load_config(config_file, data_dir=data_dir)
    rows = [_row(config, model) for model in config.models.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        line = "  ".join(c.ljust(width) for c, width in zip(cells, widths, strict=True))
        click.echo(line.rstrip())


@llm.command("try")
@config_argument
@click.argument("model")
@click.option("--trader", metavar="ID", help="Whose prompt; default: one that uses the model.")
@data_dir_option
@json_option
@click.pass_context
def try_(
    click_context: click.Context,
    config_file: Path,
    model: str,
    trader: str | None,
    data_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Ask MODEL what a trader would be asked first, and judge the answer.

    Nothing is ordered. A model that has to be paid is paid; no budget counts it. Exit code 1 if
    the answer could not be used.
    """
    from nof0_core.project import ask, find_model, load_config

    config = load_config(config_file, data_dir=data_dir)
    spec = find_model(config, model)
    users = _users(config, model)
    asked_for = trader or (users[0] if users else config.traders[0].id)
    import anyio

    outcome = anyio.run(ask, config, spec, asked_for)
    if as_json:
        click.echo(json.dumps(_outcome(outcome, asked_for), indent=2, ensure_ascii=False))
    else:
        _show(outcome, is_priced=spec.price is not None)
    if outcome.status != "ok":
        click_context.exit(1)


def _users(config: Config, model: str) -> list[str]:
    return [t.id for t in config.traders if model in {t.model.name, *(f.name for f in t.fallbacks)}]


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    price, budget = row["price"], row["budget"]
    limits = [f"{budget['usd']} USD" if budget["usd"] else ""]
    limits.append(f"{budget['tokens']} tokens" if budget["tokens"] else "")
    return (
        row["name"],
        row["backend"],
        row["model_name"],
        row["mode"] or "-",
        f"{price['input']} / {price['output']}" if price else "-",
        ", ".join(filter(None, limits)) or "-",
        row["cost_tier"] or "-",
        str(row["priority"] or "-"),
        ", ".join(row["traders"]) or "-",
    )


def _mode(model: ModelSpec) -> str | None:
    """Return how a model is asked for structured output; only `openai` has a choice of its own."""
    return mode_of(model) if isinstance(model.params, OpenAIParams) else model.mode or None


def _row(config: Config, model: ModelSpec) -> dict[str, Any]:
    price, budget = model.price, model.budget
    return {
        "name": model.name,
        "backend": model.backend,
        "provider": model.provider,
        "model_name": model.model_name,
        "mode": _mode(model),
        "priority": model.priority,
        "cost_tier": model.cost_tier,
        "price": price and {"input": str(price.input), "output": str(price.output)},
        "budget": {"usd": budget.usd and str(budget.usd), "tokens": budget.tokens},
        "traders": _users(config, model.name),
    }


def _outcome(outcome: Asked, trader: str) -> dict[str, Any]:
    done = outcome.completion
    return {
        "status": outcome.status,
        "error": outcome.error,
        "trader": trader,
        "model": done.model if done else None,
        "answer": done.text if done else "",
        "chain_of_thought": done.chain_of_thought if done else "",
        "latency_s": round(outcome.latency_s, 3),
        "calls": [
            {
                "model": call.model,
                "outcome": call.outcome,
                "detail": call.detail,
                "prompt_tokens": call.usage.prompt_tokens,
                "completion_tokens": call.usage.completion_tokens,
                "cost_usd": str(call.usage.cost_usd),
            }
            for call in outcome.calls
        ],
        "decisions": [
            {
                "signal": judged.decision.signal,
                "symbol": judged.decision.symbol,
                "approved": judged.is_approved,
                "reasons": [v.message for v in judged.verdicts if v.message],
            }
            for judged in outcome.judgements
        ],
    }


def _show(outcome: Asked, *, is_priced: bool) -> None:
    if outcome.completion is not None and outcome.completion.text:
        click.echo(outcome.completion.text)
    for judged in outcome.judgements:
        word = "approved" if judged.is_approved else "rejected"
        reasons = "; ".join(v.message for v in judged.verdicts if v.message)
        click.echo(f"{judged.decision.signal} {judged.decision.symbol}: {word} {reasons}".rstrip())
    if outcome.status == "ok" and not outcome.judgements:
        click.echo("no decisions")
    for call in outcome.calls:
        is_known = is_priced or call.usage.cost_usd
        price = f"{call.usage.cost_usd} USD" if is_known else "cost not known: no price"
        cost = f"{call.usage.tokens} tokens, {price}"
        click.echo(f"{call.model}: {call.outcome} {call.detail}".rstrip() + f" ({cost})", err=True)
    click.echo(
        f"{outcome.status} after {outcome.latency_s:.1f} s {outcome.error}".rstrip(), err=True
    )
