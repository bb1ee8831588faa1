"""A companion or a command that breaks a promise fails the case for it."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a task without a group is what is to be caught
import contextlib
import types
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import click
import pytest
from contract.broken_exchanges import held_up

from nof0_core import Companion
from nof0_core.testing.contracts import CommandContract, CompanionContract

pytestmark = pytest.mark.anyio

SAYS = "test_says_lines_of_text"
EARLY = "test_opens_before_there_is_anything_to_see"
NAME = "test_name_and_summary_can_be_listed"
STOPPED = "test_closes_when_the_run_is_cancelled"
AGAIN = "test_opens_again_after_close"


@asynccontextmanager
async def watch(env):
    """Say who is behind; this one is good."""
    env.say(f"watching {env.config_file}")
    yield
    env.say(f"behind: {dict(env.lag())}")


@asynccontextmanager
async def says_numbers(env):
    env.say(3)
    yield


@asynccontextmanager
async def needs_exporters(env):
    assert env.lag()["json"] >= 0
    yield


@asynccontextmanager
async def blocks(env):
    held_up()
    yield


@asynccontextmanager
async def outlives_a_cancelled_run(env):
    task = asyncio.get_running_loop().create_task(anyio.sleep_forever())
    LEFT.append(task)
    yield
    # Not reached where the run was cancelled.
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


LEFT = []
TAKEN = set()


@asynccontextmanager
async def keeps_its_port(env):
    assert env.config_file not in TAKEN, "address in use"
    TAKEN.add(env.config_file)
    yield


def companion(opened, name="watch", summary="says who is behind"):
    return Companion(name=name, summary=summary, open=opened)


@pytest.mark.parametrize(
    ("broken", "case"),
    [
        pytest.param(companion(watch, name="Watch It"), NAME, id="name"),
        pytest.param(companion(watch, summary="one\ntwo"), NAME, id="summary"),
        pytest.param(companion(says_numbers), SAYS, id="numbers"),
        pytest.param(companion(needs_exporters), EARLY, id="early"),
        pytest.param(companion(keeps_its_port), AGAIN, id="port"),
    ],
)
async def test_broken_companion_fails_its_case_alone(broken, case, faults):
    assert set(await faults(CompanionContract, {"companion": broken})) == {case}


async def test_task_that_outlives_a_cancelled_run_is_caught(faults):
    given = {"companion": companion(outlives_a_cancelled_run)}
    try:
        found = await faults(CompanionContract, given)
    finally:
        for task in LEFT:
            task.cancel()
    assert set(found) == {STOPPED}
    assert "still running" in found[STOPPED]


async def test_good_companion_fails_nothing(faults):
    assert await faults(CompanionContract, {"companion": companion(watch)}) == {}


async def test_blocked_loop_is_caught(faults, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    found = await faults(CompanionContract, {"companion": companion(blocks)})
    assert set(found) == {"test_opening_and_closing_do_not_block_the_loop"}


def plugin(*commands):
    def nof0_commands(cli):
        for command in commands:
            cli.add_command(command)

    return types.SimpleNamespace(nof0_commands=nof0_commands)


@click.command()
def greet():
    """Say hello."""


@click.command()
def halt():
    """Stop everything."""


@click.command(help="")
def silent():
    return None


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("anything", nargs=-1)
def swallows(anything):
    """Take whatever it is given."""


@click.group()
def notes():
    """Keep notes."""


@notes.command(help="")
def add():
    return None


@click.command()
@click.option("--help", is_flag=True)
def writes(help):  # noqa: A002 - the option it takes over
    """Write a file whatever it is asked."""
    Path("note").write_text("x")


def twice():
    names = iter(["one", "two", *"abcdefgh"])

    def nof0_commands(cli):
        cli.add_command(click.Command(next(names), help="A name that changes."))

    return types.SimpleNamespace(nof0_commands=nof0_commands)


HELP = "test_each_says_what_it_is"


@pytest.mark.parametrize(
    ("broken", "case"),
    [
        pytest.param(plugin(), "test_there_are_commands", id="none"),
        pytest.param(plugin(halt), "test_names_are_free", id="hijacks halt"),
        pytest.param(plugin(silent), HELP, id="no help"),
        pytest.param(plugin(notes), HELP, id="no help within a group"),
        pytest.param(plugin(writes), HELP, id="writes"),
        pytest.param(plugin(swallows), "test_bad_usage_ends_with_2", id="swallows"),
        pytest.param(twice(), "test_hook_adds_the_same_each_time", id="another name"),
    ],
)
async def test_broken_commands_fail_their_case_alone(broken, case, faults):
    assert set(await faults(CommandContract, {"plugin": broken})) == {case}


async def test_good_commands_fail_nothing(faults):
    assert await faults(CommandContract, {"plugin": plugin(greet)}) == {}
