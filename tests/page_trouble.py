"""Files of a run with trouble planted in them."""

from __future__ import annotations

import json
import shutil

from nof0_core.clock import wall_time
from nof0_core.documents.export_note import digest_of


def keep(directory, name, document):
    """Put a document of a next export among the files, as the exporter does."""
    note = json.loads((directory / "export.json").read_bytes())
    text = json.dumps(document)
    note["export"] += 1
    note["documents"][f"{name}.json"] = digest_of(text.encode())
    for file, content in ((name, text), ("export", json.dumps(note))):
        draft = directory / ".draft"
        draft.write_text(content)
        draft.replace(directory / f"{file}.json")


def planted(finished, tmp_path):
    """A copy of the demo's files with trouble of every kind, and its status."""
    directory = tmp_path / "api"
    shutil.copytree(finished.data / "api", directory)
    status = json.loads((directory / "status.json").read_bytes())
    status["engine"] |= {"state": "halted", "reason": "the venue <i>looks odd</i>"}
    status["engine"]["heartbeat"] = wall_time().timestamp() + 86400
    dead, braked, mute, *_ = status["traders"]
    dead |= {"status": "failing", "reason": "my-model refused the connection"}
    dead |= {"cycles": 12, "usable_answers": 0, "failed_by_reason": {"model_error": 12}}
    braked |= {"status": "braked", "reason": "lost 10 % of a day", "until": 1753400000.0}
    mute |= {"cycles": 3, "usable_answers": 0, "failed_by_reason": {}}
    since = status["engine"]["since"]
    health = {"state": "down", "sentence": "cannot write to the database", "since": since}
    entry = {"symbol": "BTC", "verb": "quotes", "problem": "a price of 0", "since": since}
    market, *_, exporter = status["services"]
    market["quarantine"] = [entry]
    exporter["health"] = health
    alert = {"seq": 7, "time": since, "code": "halted", "message": "all entries are stopped"}
    status["alerts"] = [alert | {"trader": None, "symbol": None}]
    keep(directory, "status", status)
    return directory, status
