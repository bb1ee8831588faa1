import pytest
from scripted_venue import Kit, ScriptedVenue, StepClock


@pytest.fixture
def step_clock():
    return StepClock()


@pytest.fixture
async def scripted():
    async with ScriptedVenue().open() as venue:
        yield venue


@pytest.fixture
def kit(scripted, step_clock):
    return Kit(scripted, step_clock)
