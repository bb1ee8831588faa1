"""A local endpoint for a language model that has none: it answers by writing files.

    python tests/answering.py FOLDER [PORT]

Each call is written to FOLDER/001.request.json (002 and so on), its messages as text to
FOLDER/001.prompt.txt, and waits until FOLDER/001.answer.txt is there: write it elsewhere and rename
it. Calls whose answers are there already are answered at once. Token counts are estimated at four
characters each. docs/demo-tape.md says how a tape is recorded with it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import attrs
from llm_server import LlmServer, Say

PORT = 8765
CHARACTERS = 4
"""Characters that are reckoned as one token."""


@attrs.define
class Desk:
    """Where calls wait for their answers, numbered as they come from 1."""

    folder: Path
    pause: float = 0.2
    count: int = 0
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def reply(self, body: dict[str, Any]) -> Say:
        """Put a call down, and return its answer when somebody has written it."""
        with self._lock:
            self.count += 1
            name = f"{self.count:03}"
        prompt = "\n".join(f"--- {one['role']}\n{one['content']}" for one in body["messages"])
        _put(self.folder / f"{name}.request.json", json.dumps(body, indent=1, ensure_ascii=False))
        _put(self.folder / f"{name}.prompt.txt", prompt)
        answer = self.folder / f"{name}.answer.txt"
        while not answer.exists():
            time.sleep(self.pause)  # noqa: TID251 - somebody is thinking
        text = answer.read_text(encoding="utf-8")
        asked, said = (-(-len(one) // CHARACTERS) for one in (prompt, text))
        usage = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
        return Say(text=text, usage=usage)


def _put(path: Path, text: str) -> None:
    """Write a file so that nobody sees half of it."""
    begun = path.with_suffix(".begun")
    begun.write_text(text, encoding="utf-8")
    begun.rename(path)


def main(folder: str, port: str = str(PORT)) -> None:
    """Answer until Ctrl-C."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    with LlmServer(default=Desk(place).reply, port=int(port)) as server:
        sys.stdout.write(f"answering at {server.url}; prompts and answers are in {place}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
