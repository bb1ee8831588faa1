"""What a plugin does by force to what it is shown changes nothing of anybody's run."""

from __future__ import annotations

import pytest
from bad_plugin import project

from nof0_core.ids import ENGINE

pytestmark = pytest.mark.integration
MOMENTS = 60


def ran(root, fault=""):
    """Return what the journal has of a run, without what the configuration is."""
    main = project.write(root, fault)
    project.run(main, MOMENTS)
    found = {stream: project.records(main, stream) for stream in ("good", "bad", ENGINE)}
    found[ENGINE] = [one for one in found[ENGINE] if one["type"] != "engine_started"]
    return found


@pytest.fixture(scope="module")
def unspoilt(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("unspoilt"))


@pytest.mark.parametrize("fault", ["complete:mutate", "check:mutate"])
def test_everything_is_as_without_it(tmp_path, unspoilt, fault):
    found = ran(tmp_path, fault)
    for stream, records in unspoilt.items():
        assert found[stream] == records
    # There was something to spoil.
    assert {"decided", "filled"} <= {one["type"] for one in found["good"]}
