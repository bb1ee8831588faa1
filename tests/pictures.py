"""Make captures of what a terminal and a browser show: `python tests/pictures.py FOLDER`.

In `FOLDER/pages` is every page of the dashboard as `page_pictures` makes them. Of the terminal,
for each width, the live table of a run, its end, and the commands that look at it afterwards, as
text and as a picture.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import page_pictures
from rich.console import Console
from rich.text import Text
from terminal import frames, run_on

ROOT = Path(__file__).parents[1]
WIDTHS = (60, 80, 120, 200)
DEMO = "etc/thinking.yaml"
COMMANDS = {
    "leaderboard": ["leaderboard"],
    "status": ["traders", "status"],
    "trades": ["trades", "--limit", "12"],
    "positions": ["positions"],
    "journal": ["journal", "list", "--limit", "20"],
    "tail": ["journal", "tail", "--type", "cycle", "--type", "filled"],
    "check": ["check"],
    "backtest": ["backtest", "--to", "2025-07-24", "--moments", "1", "--data-dir", "tried"],
    "init": ["init", "mine"],
}
ANSWERS = [
    ("model [none]: ", "mistral"),
    ("its name at the provider [mistral-medium-latest]: ", ""),
    ("(empty: later): ", ""),
    ("XRP]: ", "btc, eth"),
    ("[10000]: ", "25,000"),
]
"""What a person answers `nof0 init`."""


def main(folder: Path) -> None:
    """Write all captures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        with tempfile.TemporaryDirectory() as place:
            for part in ("etc", "prompts"):
                shutil.copytree(ROOT / part, Path(place) / part)
            _, drawn = run_on(width, 40, ["run", DEMO, "--for", "16s"], cwd=Path(place))
            seen = frames(drawn)
            keep(folder, "run", width, seen[-2])
            keep(folder, "end", width, seen[-1])
            for name, words in COMMANDS.items():
                keep(folder, name, width, shown(width, words, Path(place)))
    sys.stdout.write(f"{len(list(folder.glob('*.txt')))} captures in {folder}\n")
    page_pictures.main(folder / "pages")


def shown(width: int, words: list[str], place: Path) -> str:
    """Return what a command leaves on a terminal."""
    named = {"NOF0_CONFIG": DEMO}
    typed = ANSWERS if words[0] == "init" else ()
    _, drawn = run_on(width, 40, words, cwd=place, environment=named, typed=typed)
    return frames(drawn)[-1]


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
