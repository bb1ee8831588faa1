"""Many traders do not end for want of open files."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nof0_core.errors import UsageError
from nof0_core.runtime.file_limit import raise_file_limit

resource = pytest.importorskip("resource")

CODE = """
import resource
from nof0_core.errors import UsageError
from nof0_core.runtime.file_limit import raise_file_limit
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
try:
    raise_file_limit({traders}, exporters={exporters})
except UsageError as error:
    print(error)
else:
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


TWO = """
import resource
from nof0_core.errors import UsageError
from nof0_core.runtime.file_limit import open_files
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 1000))
with open_files(200):
    print(*resource.getrlimit(resource.RLIMIT_NOFILE))
    try:
        with open_files(300):
            pass
    except UsageError as error:
        print(error)
with open_files(300):
    print("room")
"""


def test_engines_of_one_process_share_its_limit():
    done = subprocess.run(
        [sys.executable, "-c", TWO], capture_output=True, text=True, check=True, timeout=60
    )
    raised, refused, again = done.stdout.splitlines()
    assert (raised, again) == ("1000 1000", "room")
    assert refused.startswith("300 traders, beside other engines of this process, need 1128 open")


def limits(*, soft: int, hard: int, traders: int, exporters: int = 0) -> str:
    """Return what is printed by a process with these limits that makes room."""
    code = CODE.format(soft=soft, hard=hard, traders=traders, exporters=exporters)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_a_low_limit_is_raised_as_far_as_it_takes():
    assert limits(soft=300, hard=2000, traders=200) == "1056 2000"


def test_it_is_raised_to_what_is_allowed_and_no_further():
    assert limits(soft=300, hard=600, traders=200) == "600 600"


def test_a_limit_that_is_enough_stays():
    assert limits(soft=300, hard=2000, traders=6) == "300 2000"


def test_a_system_that_allows_too_few_is_refused_before_anything_begins():
    said = limits(soft=300, hard=500, traders=200)
    assert said.startswith("200 traders need 528 open files, the system allows 500")


def test_each_exporter_may_be_behind_with_one_file_open():
    said = limits(soft=300, hard=529, traders=200, exporters=2)
    assert said.startswith("200 traders and 2 exporters need 530 open files, the system allows 529")


def test_a_system_without_such_limits_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    with pytest.raises(UsageError, match="no resource limits") as caught:
        raise_file_limit(1)
    assert "Linux" in caught.value.hints[0]
