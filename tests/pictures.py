"""Make captures of what a terminal shows: `python tests/pictures.py FOLDER`.

For each width the live table of a run, its end, and the commands that look at it afterwards, as
text and as a picture.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text
from terminal import frames, run_on

ROOT = Path(__file__).parents[1]
WIDTHS = (60, 80, 120, 200)
COMMANDS = {
    "leaderboard": ["leaderboard"],
    "status": ["traders", "status"],
    "trades": ["trades", "--limit", "12"],
    "positions": ["positions"],
    "journal": ["journal", "list", "--limit", "20"],
    "check": ["check"],
}


def main(folder: Path) -> None:
    """Write all captures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        with tempfile.TemporaryDirectory() as place:
            for part in ("etc", "prompts"):
                shutil.copytree(ROOT / part, Path(place) / part)
            _, drawn = run_on(width, 40, ["run", "--for", "6s"], cwd=Path(place))
            seen = frames(drawn)
            keep(folder, "run", width, seen[-2])
            keep(folder, "end", width, seen[-1])
            for name, words in COMMANDS.items():
                keep(folder, name, width, frames(run_on(width, 40, words, cwd=Path(place))[1])[-1])
    sys.stdout.write(f"{len(list(folder.glob('*.txt')))} captures in {folder}\n")


def keep(folder: Path, name: str, width: int, text: str) -> None:
    """Keep one capture as `name-width.txt` and `.svg`."""
    (folder / f"{name}-{width}.txt").write_text(text, encoding="utf-8")
    with (folder / "last.log").open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=width, file=nowhere)
        console.print(Text(text), soft_wrap=True)
        console.save_svg(str(folder / f"{name}-{width}.svg"), title=f"nof0 {name}")
    (folder / "last.log").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
