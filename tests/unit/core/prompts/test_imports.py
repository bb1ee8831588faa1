from __future__ import annotations

import subprocess
import sys


def test_naming_templates_and_indicators_imports_neither_library():
    code = (
        "import sys\n"
        "import nof0_core.prompts, nof0_core.market.feed, nof0_core.indicators.catalog\n"
        "from pathlib import Path\n"
        "nof0_core.prompts.PromptBook(Path('a'), Path('b'))\n"
        "print(*{'jinja2', 'talib'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
