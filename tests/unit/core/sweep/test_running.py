"""A sweep: every job once, what fails is told, what has a result is not run again."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from in_process_workers import InProcess
from keeping_model import BACKEND, PLUGIN
from pyarrow import parquet

from nof0_core.errors import ConfigError, UsageError
from nof0_core.sweep import estimate
from nof0_core.sweep.running import prepare
from nof0_core.sweep.store import StoreError

DAY = "2025-07-23T0"
WINDOW = f"{{from: {DAY}0:00:00Z, to: {DAY}0:15:00Z}}"
TWO = f"[{WINDOW}, {{from: {DAY}1:00:00Z, to: {DAY}1:15:00Z}}]"
POSITIONS = "Manager.traders.cross.risk_params.max_positions"


CANDLES = "nof0-provider-sim/src/nof0_provider_sim/data/hyperliquid_2025_07"


def table(result):
    return parquet.read_table(result.folder / "results.parquet").to_pylist()


def test_every_variant_runs_on_every_window_with_every_seed_and_only_once(place, hired):
    path = place.sweep(f"""
        models: [ema-cross, buy-and-hold]
        parameters: {{{POSITIONS}: [1]}}
        windows: {TWO}
        seeds: [1, 2]
        moments: 1
    """)
    told = []
    result = place.run(path, workers=hired, progress=lambda *each: told.append(each))
    assert (result.is_complete, result.jobs, result.done, result.trials) == (True, 8, 8, 2)
    assert told[-1] == (8, 8, 0)
    assert len(hired.asked) == 8
    rows = table(result)
    what = {(r["model"], r[POSITIONS], r["from"], r["seed"]) for r in rows}
    assert len(what) == len(rows) == 8
    held = [row for row in rows if row["model"] == "buy-and-hold"]
    assert all(row["equity"] != row["capital"] for row in held)
    assert [one["verdict"] for one in result.treatments.values()] == ["done", "done"]
    assert [r["treatment"] for r in rows[:4]] == [rows[0]["treatment"]] * 4, "one of each model"

    before = (result.folder / "results.parquet").read_bytes()
    page = (result.folder / "report.html").read_text()
    again = place.run(path, workers=hired)
    assert len(hired.asked) == 8, "nothing is run twice"
    assert (again.folder / "results.parquet").read_bytes() == before
    assert (again.folder / "report.html").read_text() == page
    for text in ("buy-and-hold", "Treatment × model", "max_positions", "no look-ahead found"):
        assert text in page

    # More of the same is added to what there is; earlier trials still count.
    path.write_text(path.read_text().replace(": [1]", ": [2]").replace("[1, 2]", "[2]"))
    more = place.run(path, workers=hired)
    assert (more.done, more.trials, len(hired.asked)) == (4, 4, 12)


def test_a_sweep_goes_on_where_ctrl_c_or_a_full_disk_ended_it(place, hired, monkeypatch):
    path = place.sweep(f"parameters: {{{POSITIONS}: [1, 2]}}\nwindows: {TWO}\nmoments: 1\n")

    def interrupt(done, *_):
        if done == 1:
            raise KeyboardInterrupt

    partial = place.run(path, workers=hired, progress=interrupt)
    assert (partial.ended, partial.done) == ("interrupted", 1)
    assert "Incomplete: interrupted" in (partial.folder / "report.html").read_text()

    kept = sorted((partial.folder / "jobs").rglob("*"))
    fills, full = os.fsync, []

    def fsync(descriptor):
        """Let no job be written while the disk is full, all else is."""
        if full and "jobs" in Path(f"/proc/self/fd/{descriptor}").readlink().parts:
            raise OSError(errno.ENOSPC, "No space left on device")
        fills(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    full.append(True)
    with pytest.raises(StoreError, match="cannot be written: the disk is full") as caught:
        place.run(path, workers=hired)
    assert "make room and run the same command for the rest" in caught.value.hints[0]
    left = [one for one in (partial.folder / "jobs").rglob("*.json") if one not in kept]
    assert all(one.name.startswith(".") for one in left), "nothing half"
    assert len(table(partial)) == 1
    page = (partial.folder / "report.html").read_text()
    assert "Incomplete: " in page
    assert "the disk is full" in page
    full.clear()
    whole = place.run(path, workers=hired)
    assert (whole.is_complete, len(hired.asked)) == (True, 5), "the one that was lost again"
    assert not list((whole.folder / "jobs").rglob(".*")), "no draft is left"


def test_a_job_that_fails_is_told_and_tried_again(place, hired):
    # Each value is right beside the first of the other; only together they are not.
    path = place.sweep(f"""
        parameters:
          Executor.decision_timeout: [10s, 90s]
          Manager.traders.cross.decision_interval: [3m, 60s]
        windows: [{WINDOW}]
        moments: 1
    """)
    result = place.run(path, workers=hired)
    assert (result.done, len(result.failures), result.is_complete) == (3, 1, False)
    [failure] = result.failures
    assert dict(failure.labels)["Executor.decision_timeout"] == "90s"
    assert "must be shorter" in failure.error
    assert failure.error[:40] in (result.folder / "report.html").read_text()
    assert len(hired.asked) == 3, "what cannot be made is not begun"

    guards = "Manager.traders.cross.exec_guards"
    path = place.sweep(f"""
        parameters:
          {guards}.min_position_equity_multiple: [1, 3]
          {guards}.max_position_equity_multiple: [4, 2]
        windows: [{WINDOW}]
        moments: 1
    """)
    hired.asked.clear()
    numbers = place.run(path, workers=hired, fresh=True)
    assert (numbers.done, len(numbers.failures), len(hired.asked)) == (3, 1, 4)
    place.run(path, workers=hired)
    assert len(hired.asked) == 5, "the failed one alone is tried again"


def test_what_a_model_keeps_in_memory_hides_no_look_ahead(place):
    place.plugin(PLUGIN)
    models = place.directory / "etc" / "llm.yaml"
    said = BACKEND.replace("AHEAD", "1")
    models.write_text(models.read_text().replace("models:\n", said, 1))
    path = place.sweep(f"models: [keeper]\nwindows: [{WINDOW}]\nmoments: 1\n")
    assert place.run(path).is_complete, "here it is hidden"
    result = place.run(path, workers=InProcess(checkers=1), fresh=True)
    [one] = result.failures
    assert one.status == "look-ahead"
    assert "cross at" in one.error


def test_a_treatment_that_looks_ahead_has_no_results(place, hired):
    place.plugin()
    path = place.sweep(f"""
        models: [buy-and-hold]
        parameters:
          Manager.traders.cross.risk_checks: [[], [{{type: faulty, does: changes}}]]
        windows: {TWO}
        moments: 1
    """)
    result = place.run(path, workers=hired)
    assert {one.status for one in result.failures} == {"look-ahead"}
    assert (result.done, len(result.failures), len(hired.asked)) == (2, 2, 3)
    assert all("look-ahead: cross" in one.error for one in result.failures)


def test_results_of_another_configuration_are_refused_and_can_be_put_aside(place, hired):
    path = place.sweep(f"parameters: {{{POSITIONS}: [1]}}\nwindows: [{WINDOW}]\nmoments: 1\n")
    place.run(path, workers=hired)
    manager = place.directory / "etc" / "manager.yaml"
    manager.write_text(manager.read_text().replace("allocation_pct: 40", "allocation_pct: 30"))
    with pytest.raises(UsageError) as caught:
        place.run(path, workers=hired)
    assert "differs in Manager.traders.cross.allocation_pct" in str(caught.value)
    assert any("--fresh" in hint for hint in caught.value.hints)
    result = place.run(path, workers=hired, fresh=True)
    assert (result.done, result.own_trials, result.trials) == (1, 1, 2)
    assert (result.folder.parent / "sweep.1" / "results.parquet").exists()
    prompt = place.directory / "prompts" / "manager" / "default.tmpl"
    prompt.write_text(prompt.read_text() + "\nBe careful.\n")
    with pytest.raises(UsageError, match=r"default\.tmpl"):
        place.run(path, workers=hired)


def test_a_large_sweep_says_how_many_and_how_long_first(place, hired, monkeypatch):
    path = place.sweep(f"""
        parameters:
          {POSITIONS}: {{low: 1, high: 1000, step: 1}}
          Manager.traders.cross.risk_params.major_coin_leverage: {{low: 1, high: 1000, step: 1}}
        windows: [{WINDOW}]
        moments: 1
    """)
    prepared = prepare(path)
    assert (prepared.jobs, prepared.variants) == (1_000_000, 1_000_000)
    asked = []

    class RefusedError(Exception):
        pass

    def agree(found):
        asked.append(found)
        raise RefusedError

    with pytest.raises(RefusedError):
        place.run(path, workers=hired, agree=agree)
    [found] = asked
    assert (found.jobs, len(hired.asked)) == (999_999, 1)
    assert found.each > timedelta()
    assert str(found).startswith("999,999 backtests are left, ")
    small = estimate.Estimate(jobs=10, each=timedelta(seconds=1), workers=2)
    assert not small.is_large
    assert str(small) == "10 backtests are left, 1s each on 2 workers: about 5 seconds"


def test_a_walk_forward_judges_what_it_chose_on_what_came_after(place, hired):
    path = place.sweep(f"""
        models: [ema-cross, buy-and-hold]
        walk_forward: {{from: {DAY}0:00:00Z, to: {DAY}1:30:00Z, train: 30m, test: 30m}}
        objective: return_pct
        moments: 1
    """)
    result = place.run(path, workers=hired)
    assert (result.is_complete, result.jobs) == (True, 6)
    assert [one.number for one in result.folds] == [1, 2]
    for one in result.folds:
        trained = {
            row.figures["return_pct"]: dict(row.labels)["model"]
            for row in result.rows
            if row.fold == one.number and not row.is_test
        }
        assert one.chosen == trained[max(trained)]
        assert one.train == max(trained)
        assert one.test is not None
    assert "Walk forward" in (result.folder / "report.html").read_text()
    assert all(entry.runs == 2 for entry in result.entries), "tests choose nothing"


def test_tpe_tries_as_many_as_it_was_told_and_the_same_again(place, hired):
    text = f"""
        search: tpe
        trials: 4
        batch: 2
        models: [buy-and-hold]
        parameters: {{LLM.models.buy-and-hold.params.size_pct: {{low: 1, high: 3}}}}
        windows: [{WINDOW}]
        objective: return_pct
        moments: 1
    """
    path = place.sweep(text)

    def interrupt(done, *_):
        if done == 2:
            raise KeyboardInterrupt

    assert place.run(path, workers=hired, progress=interrupt).ended == "interrupted"
    result = place.run(path, workers=hired)
    assert 1 < result.trials < 4, "the same was chosen twice, and run once"
    assert result.trials == result.jobs == len(hired.asked)
    assert result.is_complete
    sizes = [dict(one.labels)["LLM.models.buy-and-hold.params.size_pct"] for one in result.entries]
    assert all(1 <= int(size) <= 3 for size in sizes)
    other = place.run(place.sweep(text, "other.yaml"), workers=hired)
    assert [one.labels for one in other.entries] == [one.labels for one in result.entries]
    assert other.other_trials == result.trials


def test_a_walk_forward_searches_anew_at_each_step(place, hired):
    path = place.sweep(f"""
        search: tpe
        trials: 2
        batch: 1
        models: [buy-and-hold]
        parameters: {{LLM.models.buy-and-hold.params.size_pct: {{low: 1, high: 30}}}}
        walk_forward: {{from: {DAY}0:00:00Z, to: {DAY}0:24:00Z, train: 6m, test: 6m, step: 12m}}
        objective: return_pct
        moments: 1
    """)
    result = place.run(path, workers=hired)
    assert (result.is_complete, result.jobs, len(hired.asked)) == (True, 6, 6)
    tried = {
        number: {row.labels: row for row in result.rows if row.fold == number and not row.is_test}
        for number in (1, 2)
    }
    assert set(tried[1]) != set(tried[2]), "each step has a search of its own"
    for one in result.folds:
        [judged] = [row for row in result.rows if row.fold == one.number and row.is_test]
        scores = {labels: row.figures["return_pct"] for labels, row in tried[one.number].items()}
        assert scores[judged.labels] == one.train == max(scores.values())
        assert one.test == judged.figures["return_pct"]
    again = place.run(path, workers=hired)
    assert (again.folds, len(hired.asked)) == (result.folds, 6)


def test_a_list_runs_the_variants_that_are_written_and_no_others(place, hired):
    path = place.sweep(f"""
        search: list
        variants:
          - {{}}
          - model: buy-and-hold
            parameters: {{{POSITIONS}: 1}}
          - prompt: ../prompts/manager/fast_signal.tmpl
        windows: [{WINDOW}]
        moments: 1
    """)
    result = place.run(path, workers=hired)
    assert (result.is_complete, result.jobs, result.trials, len(hired.asked)) == (True, 3, 3, 3)
    assert result.columns == ("model", POSITIONS, "prompt")
    labels = [(row["model"], row[POSITIONS], row["prompt"]) for row in table(result)]
    fast = "../prompts/manager/fast_signal.tmpl"
    assert labels == [("", "", ""), ("buy-and-hold", "1", ""), ("", "", fast)]
    assert [row["llm"] for row in table(result)] == ["ema-cross", "buy-and-hold", "ema-cross"]

    # The same one twice would be run once and counted as two.
    for twice in ("[{}, {}]", "[{parameters: {X: 1, Y: 2}}, {parameters: {Y: 2, X: 1}}]"):
        path = place.sweep(f"search: list\nvariants: {twice}\n")
        with pytest.raises(ConfigError, match=r"variants\.1.*is the same as one above"):
            prepare(path)


def test_data_that_have_changed_are_noticed_beside_new_windows(place, hired):
    candles = place.directory / "candles"
    candles.mkdir()
    for file in (Path(__file__).parents[4] / CANDLES).glob("hl_btc_*"):
        shutil.copy(file, candles)
    text = f"data: ../candles\nwindows: [{WINDOW}]\nmoments: 1\n"
    place.run(place.sweep(text), workers=hired)
    file = candles / "hl_btc_3m.csv.gz"
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    [at] = [n for n, line in enumerate(lines) if line.startswith(b"1753228980000,")]
    *cells, volume = lines[at].rstrip().split(b",")
    lines[at] = b",".join([*cells, volume + b"1\n"])
    file.write_bytes(gzip.compress(b"".join(lines)))
    more = f"{WINDOW}, {{from: {DAY}1:00:00Z, to: {DAY}1:15:00Z}}"
    path = place.sweep(text.replace(WINDOW, more))
    hired.settings.clear()
    with pytest.raises(UsageError, match="the data from .* differ"):
        place.run(path, workers=hired)


def test_damaged_records_are_named(place, hired):
    path = place.sweep(f"windows: [{WINDOW}]\nmoments: 1\n")
    result = place.run(path, workers=hired)
    [record] = (result.folder / "jobs").glob("*/*.json")
    kept = json.loads(record.read_text())
    assert kept["found"]["traders"][0]["capital"] == "4000"
    record.write_text(record.read_text()[:-20])
    with pytest.raises(StoreError, match="cannot be read") as caught:
        place.run(path, workers=hired)
    assert record.name in str(caught.value)
    assert "its job is done again" in caught.value.hints[1]


def test_records_of_another_shape_are_named(place, hired):
    path = place.sweep(f"windows: [{WINDOW}]\nmoments: 1\n")
    result = place.run(path, workers=hired)
    for name, changed, told in (
        ("jobs/*/*.json", {"format": 2}, "format"),
        ("jobs/*/*.json", {"found": None}, "there is no result"),
        ("jobs/*/*.json", {"found": {"traders": []}}, "coins"),
        ("jobs/*/*.json", {"labels": []}, "labels"),
        ("sweep.json", {"format": 2}, "format"),
        ("sweep.json", {"data": ["2025"]}, "data"),
        ("treatments.json", {"0" * 64: {"verdict": "done"}}, "name"),
    ):
        [file] = result.folder.glob(name)
        kept = file.read_text()
        file.write_text(json.dumps(json.loads(kept) | changed))
        with pytest.raises(StoreError, match=f"{file.name}: cannot be read: .*{told}") as caught:
            place.run(path, workers=hired)
        assert any(word in caught.value.hints[1] for word in ("again", "--fresh"))
        file.write_text(kept)
    assert place.run(path, workers=hired).is_complete


def test_paid_models_are_reckoned_before_anything_runs(place):
    place.write(
        "llm.yaml",
        """
        base_url: http://127.0.0.1:9
        api_key: sk-nothing
        models:
          gpt: {model_name: v/gpt, price: {input: 1, output: 10}, max_completion_tokens: 1000}
        """,
    )
    manager = place.directory / "etc" / "manager.yaml"
    manager.write_text(manager.read_text().replace("model: ema-cross", "model: gpt"))
    path = place.sweep(f"parameters: {{{POSITIONS}: [1, 2, 3]}}\nwindows: {TWO}\nseeds: [1, 2]\n")
    [cost] = prepare(path).costs
    assert (cost.model, cost.calls) == ("gpt", 3 * 2 * 2 * 6)
    assert cost.usd > cost.calls * 10 * 1000 / 1_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("modles: [ema-cross]", 'sweep.yaml:2: modles: unknown key, did you mean "models"?'),
        ("models: [ema-cros]", "sweep.yaml:2: models.0: unknown model"),
        ("prompts: [nothing.tmpl]", "sweep.yaml:2: prompts.0: there is no prompt template"),
        ("windows: [{from: 2025-07-23T00:00:00Z}]", "sweep.yaml:2: windows.0.to: required key"),
        (
            "windows: [{from: 2025-07-24T00:00:00Z, to: 2025-07-23T00:00:00Z}]",
            "sweep.yaml:2: windows.0.to: must be later than from",
        ),
        (
            "windows: [{from: 2024-07-23T00:00:00Z, to: 2024-07-24T00:00:00Z}]",
            "sweep.yaml:2: windows.0: market recorded has prices from",
        ),
        ("search: tpe", "sweep.yaml:2: search: tpe has nothing to search"),
        ("search: list", "sweep.yaml: variants: required key is missing"),
        ("trials: 3", "sweep.yaml:2: trials: only means something with search: tpe"),
        ("traders: [crosss]", 'sweep.yaml:2: traders.0: unknown trader "crosss", did you mean'),
        (
            "parameters: {Executor.min_confidence: [50, 101]}",
            "sweep.yaml:2: parameters.Executor.min_confidence.1: must be <= 100",
        ),
        (
            "parameters: {Executor.min_confidence: {low: 1, high: 2}}",
            "parameters.Executor.min_confidence: a grid needs a range with a step",
        ),
        ("parameters: {Executor.min_confidence: [50, 50]}", "is the same as one above"),
        ("time_limit: 0s", "sweep.yaml:2: time_limit: must be > 0s"),
        (
            "workers: 2\nscheduler: tcp://127.0.0.1:9",
            "sweep.yaml:2: workers: are local processes, which a scheduler takes the place of",
        ),
        ("name: ../else", "sweep.yaml:2: name: names a folder"),
        (
            "walk_forward: {train: 9d, test: 1d}",
            "sweep.yaml:2: walk_forward: train and test do not fit",
        ),
        ("windows: []\nwalk_forward: {train: 1h}", "walk_forward.test: required key is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(place, text, said):
    path = place.sweep(text)
    with pytest.raises(ConfigError) as caught:
        prepare(path)
    assert said in str(caught.value)
    assert not (place.directory / "data").exists(), "nothing is half done"
