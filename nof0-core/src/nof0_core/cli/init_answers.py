"""What `nof0 init` asks a person, and what the answers change in the files it writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

import attrs
import click

from nof0_core.cli.output import paragraph

PROVIDERS = "etc/live/providers.yaml"
"""Where the endpoints are that can be chosen from."""
LLM, MANAGER, MARKET, EXCHANGE = (
    f"etc/{name}.yaml" for name in ("llm", "manager", "market", "exchange")
)
_KEY = re.compile(r"\$\{(\w+)\}")
_SHARE_OF_RULES, _SHARE_OF_MODEL = 12, 18


@attrs.frozen(kw_only=True)
class Answers:
    """What a person wants: empty words and None leave the files as they are.

    `provider` is a model of `providers.yaml`, `model_name` what the provider calls it, `key` the
    secret for its endpoint.
    """

    provider: str = ""
    model_name: str = ""
    key: str = attrs.field(default="", repr=False)
    coins: tuple[str, ...] = ()
    capital: Decimal | None = None


def ask(files: Mapping[str, str]) -> Answers:
    """Ask on the terminal; an empty answer takes what is shown in brackets.

    Raises:
        click.Abort: the person gave up.
    """
    known = providers(files)
    text = "A language model to trade beside the rules, or none: " + ", ".join(known)
    click.echo(paragraph(text))
    provider = click.prompt(
        "model", default="none", type=click.Choice(["none", *known]), show_choices=False
    )
    model_name = key = ""
    if provider != "none":
        usual = known[provider]
        model_name = click.prompt("its name at the provider", default=usual)
        if variable := _variable(files, provider):
            text = f"key, kept as {variable} in etc/.env (empty: later)"
            key = click.prompt(text, default="", hide_input=True, show_default=False)
    coins = click.prompt(
        "coins",
        default=" ".join(_coins(files)),
        value_proc=lambda word: _chosen(word, _coins(files)),
    )
    capital = click.prompt("capital in USD", default=_capital(files), value_proc=_amount)
    return Answers(
        provider="" if provider == "none" else provider,
        model_name=model_name.strip(),
        key=key.strip(),
        coins=tuple(coins),
        capital=capital,
    )


def applied(files: Mapping[str, str], answers: Answers) -> dict[str, str]:
    """Return the files as the answers want them; comments and order stay."""
    found = dict(files)
    if answers.coins and answers.coins != _coins(files):
        coins = ", ".join(answers.coins)
        found[MARKET] = re.sub(r"(?m)^symbols: \[.*\]", f"symbols: [{coins}]", found[MARKET])
        held = [one for one in ("BTC", "ETH", "SOL") if one in answers.coins] or answers.coins[:3]
        text = f"      symbols: [{', '.join(held)}]"
        found[LLM] = re.sub(r"(?m)^ {6}symbols: \[.*\]", text, found[LLM])
    if answers.capital is not None:
        amount = f"{answers.capital:f}"
        for name, key in ((MANAGER, "total_equity_usd"), (EXCHANGE, "initial_balance_usd")):
            found[name] = re.sub(rf"(?m)^( +{key}:) [\d.]+", rf"\1 {amount}", found[name])
    if answers.provider:
        _add_model(found, answers)
    if answers.key and (variable := _variable(files, answers.provider)):
        found["etc/.env"] = f"{variable}={answers.key}\n"
    return found


def env_example(files: Mapping[str, str]) -> str:
    """Return `.env.example`: each variable the files name, with where."""
    places: dict[str, list[str]] = {}
    for name, text in files.items():
        if name.endswith(".yaml"):
            for variable in _KEY.findall(re.sub(r"(?m)(^|\s)#.*$", "", text)):
                if name not in places.setdefault(variable, []):
                    places[variable].append(name)
    lines = [
        "# Copy this file to .env beside it and fill in what you use. The environment of the",
        "# process goes first. Never commit .env.",
    ]
    for variable, names in sorted(places.items()):
        lines += ["", f"# {', '.join(names)}", f"{variable}="]
    return "\n".join(lines) + "\n"


def providers(files: Mapping[str, str]) -> dict[str, str]:
    """Return the models of providers.yaml with the names their providers have for them."""
    models = files[PROVIDERS].split("\nmodels:\n", 1)[1]
    return dict(re.findall(r"(?ms)^  (\w+):.*?model_name: ([^\s,}]+)", models))


def _add_model(found: dict[str, str], answers: Answers) -> None:
    backends, models = found[PROVIDERS].split("\nmodels:\n", 1)
    model = _block(models, answers.provider)
    model = re.sub(r"(model_name: )[^\s,}]+", lambda m: m[1] + _quoted(answers.model_name), model)
    backend = re.search(r"backend: ([\w-]+)", model)
    assert backend is not None  # noqa: S101 - each model of the file has one
    section = _block(backends, backend[1])
    found[LLM] = found[LLM].replace("\nmodels:\n", f"\nbackends:\n{section}\nmodels:\n{model}", 1)
    manager = found[MANAGER].replace("allocation_pct: 15", f"allocation_pct: {_SHARE_OF_RULES}")
    trader = (
        f"  - id: {answers.provider}\n"
        f"    name: {_quoted(answers.model_name)}\n"
        "    prompt_template: prompts/manager/default.tmpl\n"
        f"    model: {answers.provider}\n"
        "    decision_interval: 1h           # a recording of 3 days asks 72 times\n"
        f"    allocation_pct: {_SHARE_OF_MODEL}\n"
        "    risk_params: *active\n\n"
    )
    found[MANAGER] = manager.replace("monitoring:\n", f"{trader}monitoring:\n", 1)


def _block(text: str, name: str) -> str:
    """Return the lines of an entry two blanks in, comments before the next one left out."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"  {name}:"))
    end = next(
        (at for at in range(start + 1, len(lines)) if not lines[at].startswith("    ")), len(lines)
    )
    return "".join(f"{line}\n" for line in lines[start:end])


def _variable(files: Mapping[str, str], provider: str) -> str:
    backends, models = files[PROVIDERS].split("\nmodels:\n", 1)
    backend = re.search(r"backend: ([\w-]+)", _block(models, provider))
    key = _KEY.search(_block(backends, backend[1])) if backend else None
    return key[1] if key else ""


def _coins(files: Mapping[str, str]) -> tuple[str, ...]:
    listed = re.search(r"(?m)^symbols: \[(.*)\]", files[MARKET])
    return tuple(word.strip() for word in listed[1].split(",")) if listed else ()


def _capital(files: Mapping[str, str]) -> str:
    found = re.search(r"(?m)^ +total_equity_usd: ([\d.]+)", files[MANAGER])
    return found[1] if found else "10000"


def _chosen(word: str, known: tuple[str, ...]) -> list[str]:
    coins = list(dict.fromkeys(one.upper() for one in re.split(r"[\s,]+", word) if one))
    if wrong := [one for one in coins if one not in known]:
        message = f"the recording has {' '.join(known)}, not {' '.join(wrong)}"
        raise click.UsageError(message)
    if not coins:
        message = "name at least one"
        raise click.UsageError(message)
    return coins


def _amount(word: str) -> Decimal:
    try:
        amount = Decimal(word.replace(",", "").replace("_", ""))
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount < 100:
        message = "write an amount of at least 100"
        raise click.UsageError(message)
    return amount


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
