"""Directories of exports as they are in every state of an engine, made of those of one run."""

from __future__ import annotations

import json
import shutil

from page_trouble import keep, planted

from nof0_core.clock import wall_time
from nof0_core.documents.collection import read_collection

STATES = ("running", "ended", "halted", "failing", "empty")


def in_state(finished, state, folder):
    """Make the exports of a finished run look as in a state; returns their directory."""
    directory = folder / "api"
    if state == "empty":
        directory.mkdir(parents=True)
        return directory
    if state == "halted":
        return planted(finished, folder)[0]
    shutil.copytree(finished.data / "api", directory)
    status = json.loads((directory / "status.json").read_bytes())
    if state == "running":
        status["engine"] |= {"state": "running", "reason": ""}
    if state == "failing":
        status["engine"] |= {"state": "failed", "reason": "the disk is full"}
        for number, row in enumerate(status["traders"]):
            row |= {"status": "failing", "reason": "the endpoint answers 401: invalid API key"}
            row |= {"usable_answers": 0, "cycles": 12 + number}
            row["failed_by_reason"] = {"model_error": 12, "invalid_output": number}
        status["alerts"] = [
            {
                "seq": 900 - number,
                "time": status["engine"]["since"],
                "code": "model_failing",
                "message": f"its model failed {number + 3} times in a row",
                "trader": status["traders"][0]["id"],
                "symbol": None,
            }
            for number in range(9)
        ]
        fail_talks(directory)
    status["engine"]["heartbeat"] = wall_time().timestamp() + 86400
    keep(directory, "status", status)
    return directory


def talks_of(directory):
    """All cycles of the conversations, the newest first, as the API answers them."""
    return read_collection(directory, "conversations.json", "conversations")


def fail_talks(directory):
    """Let every cycle of the conversations have failed, each in its way."""
    rows = talks_of(directory)
    ways = [
        ("invalid_output", "no JSON object in the answer", "I would rather not say."),
        ("model_timeout", "no answer after 60 s", "no answer after 60 s"),
        ("model_error", "401: invalid API key", "401: invalid API key"),
    ]
    for number, row in enumerate(rows):
        status, error, answer = ways[number // 2 % 3]
        row |= {"status": status, "summary": f"{status}: {error}", "cot_trace": ""}
        row |= {"llm_response": {}, "verdicts": [], "cot_trace_summary": ""}
        for message in row["messages"]:
            if message["role"] == "assistant":
                message["content"] = answer
    keep(directory, "conversations", {"conversations": rows})
