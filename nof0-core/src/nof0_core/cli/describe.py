"""`nof0 describe`: the settings of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.options import json_option
from nof0_core.cli.output import columns, print_json
from nof0_core.plugins.families import FAMILIES

if TYPE_CHECKING:
    from nof0_core.config.schema import FieldSchema


@click.command()
@click.argument("family", type=click.Choice(list(FAMILIES)))
@click.argument("kind_type", metavar="TYPE")
@json_option
def describe(family: str, kind_type: str, *, as_json: bool) -> None:
    """Explain the settings of a kind.

    FAMILY is what it is, TYPE the word after `type:`; `nof0 plugins` lists both.
    """
    from nof0_core.config.schema import fields_of, schema_of
    from nof0_core.plugins import load_plugins
    from nof0_core.plugins.kinds import BackendKind

    registry = load_plugins()
    kind = registry.kind(family, kind_type)
    owner = registry.owner(family, kind_type)
    fields = schema_of(kind)
    params = fields_of(kind.params) if isinstance(kind, BackendKind) and kind.params else ()
    if as_json:
        print_json(
            {
                "family": family,
                "type": kind.type,
                "summary": kind.summary,
                "plugin": owner.distribution,
                "version": owner.version,
                "fields": [_facts(field) for field in fields],
                "params": [_facts(field) for field in params],
            }
        )
        return
    click.echo(f'{FAMILIES[family].noun} "{kind.type}" — {owner}')
    click.echo(f"  {kind.summary}\n")
    click.echo("\n".join(_rows(fields)) if fields else "  it has no settings")
    if params:
        click.echo("\nparams of a model entry in llm.yaml:")
        click.echo("\n".join(_rows(params)))


def _rows(fields: tuple[FieldSchema, ...]) -> list[str]:
    return columns(_cells(fields, ""), indent="  ")


def _cells(fields: tuple[FieldSchema, ...], indent: str) -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    for field in fields:
        default = "required" if field.default is None else f"default {field.default}"
        notes = [field.unit, field.help, field.range, "secret" if field.is_secret else ""]
        rows.append(
            (
                indent + field.key,
                field.type,
                "optional" if field.default == "" else default,
                ", ".join(note for note in notes if note),
            )
        )
        rows += _cells(field.fields, indent + "  ")
    return rows


def _facts(field: FieldSchema) -> dict[str, Any]:
    return {
        "key": field.key,
        "type": field.type,
        "is_required": field.default is None,
        "default": field.default or None,
        "unit": field.unit,
        "range": field.range,
        "help": field.help,
        "is_secret": field.is_secret,
        "fields": [_facts(inner) for inner in field.fields],
    }
