"""The engine of a rehearsal, a process of its own: `python -m ….rehearse.child` reads its plan."""

from __future__ import annotations

import os
import sys

from nof0_core.errors import Nof0Error
from nof0_core.project import load_config, run_on_paper
from nof0_provider_hyperliquid.rehearse.plan import from_bytes
from nof0_provider_hyperliquid.rehearse.staging import staged


def main() -> int:
    """Run what the plan on standard input says until the process is told to end."""
    plan = from_bytes(sys.stdin.buffer.read())
    config = load_config(
        plan.config_file, data_dir=plan.data_dir, environ={**os.environ, **plan.variables}
    )
    try:
        run_on_paper(staged(config, plan))
    except Nof0Error as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Threads that still wait for an answer that was lost are not waited for.
    os._exit(code)
