"""Runs in words: why they ended or wait, what happened, what their curves say, and how two differ."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from run_factory import add_event, make_run, step_data

from phi_core.runs.analysis import analyse
from phi_core.runs.difference import difference
from phi_core.runs.layout import RunLayout
from phi_core.runs.queue_mark import write_mark
from phi_core.runs.reader import Run, read_run
from phi_tui.answer_timeline import MOST, Said, timelines
from phi_tui.metrics import METRICS, turned
from phi_tui.run_history import milestones
from phi_tui.run_judgement import analysis_text, difference_text, flag_line
from phi_tui.run_notice import memory_words, notice
from phi_tui.run_outcomes import Request, Requests
from phi_tui.run_requests import peak_rate
from phi_tui.run_snapshots import queue_order
from phi_tui.run_text import ordinal


def _queued(root: Path, name: str, position: int) -> Path:
    path = make_run(root, name, losses=[])
    RunLayout(path).status.unlink()
    write_mark(path, position=position, content={})
    return path


def _with(path: Path, *events: tuple[str, int, dict[str, Any]]) -> Run:
    for kind, step, data in events:
        add_event(path, kind, step, **data)
    return read_run(path)


def test_a_finished_run_says_why_it_ended_early_and_which_step_its_adapter_is(tmp_path: Path) -> None:
    reason = "early stopping at step 20: no improvement in 3 validations"
    run = _with(
        make_run(tmp_path, "run"),
        ("finished", 20, {"state": "finished", "adapter_step": 10, "reason": reason}),
    )
    words, _ = notice(run)
    assert reason in words and "adapter is that of step 10" in words
    assert f"ended: finished: {reason}" in milestones(run)[-1]


def test_a_run_that_carried_out_its_plan_says_no_more_than_that(tmp_path: Path) -> None:
    run = _with(
        make_run(tmp_path, "run"),
        ("finished", 20, {"state": "finished", "adapter_step": 20, "reason": ""}),
    )
    assert notice(run)[0].startswith("Finished. t talks")


def test_memory_that_ran_out_is_told_with_what_was_given_up(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", state="running")
    assert memory_words(read_run(path)) == ""
    rung = {"message": "CUDA out of memory", "checkpointing_switched_on": False}
    run = _with(
        path,
        ("out_of_memory", 3, {**rung, "micro_batch_before": 8, "micro_batch_after": 4}),
        ("out_of_memory", 9, {**rung, "micro_batch_before": 4, "micro_batch_after": 2}),
    )
    assert "2 times, last at step 9: micro-batch 8 → 2;" in notice(run)[0]
    last = {"micro_batch_before": 2, "micro_batch_after": 2, "checkpointing_switched_on": True, "message": ""}
    assert "activations are recomputed" in memory_words(_with(path, ("out_of_memory", 11, last)))
    assert any("micro-batch 8 → 4 (CUDA out of memory)" in line for line in milestones(run))


def test_a_queued_run_says_its_place_and_why_it_waits(tmp_path: Path) -> None:
    path = _queued(tmp_path, "run", 1)
    RunLayout(path).queue_note.write_text('{"why": "needs 9 GiB, 4 are free"}')
    assert notice(read_run(path), place=0)[0].startswith("Queued, next to start: needs 9 GiB, 4 are free.")
    assert notice(read_run(path), place=2)[0].startswith("Queued, 2 before it: ")
    assert [ordinal(place) for place in (None, 0, 1, 2, 3, 10, 20, 21)] == [
        *("", "next", "2nd", "3rd", "4th", "11th", "21st", "22nd")
    ]


def test_the_order_of_the_queue_is_that_of_its_marks(tmp_path: Path) -> None:
    runs = [read_run(_queued(tmp_path, name, place)) for name, place in (("a", 3), ("b", 1), ("c", 2))]
    others = [read_run(make_run(tmp_path, "done"))]
    assert [path.name for path in queue_order([*others, *runs])] == ["b", "c", "a"]


def test_what_was_asked_and_done_is_in_the_history_steps_and_answers_are_not(tmp_path: Path) -> None:
    run = _with(
        make_run(tmp_path, "run", state="running"),
        ("control", 4, {"request": "set_learning_rate", "value": 0.001}),
        ("control", 5, {"request": "extend", "steps": 1200}),
        ("sample", 5, {"prompt": "who?", "answer": "I"}),
        ("warning", 6, {"message": "evaluate is refused: no validation records"}),
    )
    told = "\n".join(milestones(run))
    assert "step 4  as asked: peak learning rate 0.001 from step 5 on" in told
    assert "as asked: 1,200 more steps" in told
    assert "note: evaluate is refused" in told
    assert "who?" not in told and len(milestones(run)) == 6


def test_the_peak_that_holds_is_the_one_asked_for_last(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", state="running")
    RunLayout(path).config.write_text(yaml.safe_dump({"learning_rate": 2e-4}))
    assert peak_rate(read_run(path)) == 2e-4
    assert peak_rate(_with(path, ("control", 4, {"request": "set_learning_rate", "value": 1e-3}))) == 1e-3


def test_a_request_is_answered_once_by_what_was_done_or_refused(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", state="running")
    before = _with(path, ("control", 1, {"request": "evaluate"}))
    requests = Requests()
    now = before.events[-1].time + 1e-6
    requests.add(Request(path, "evaluate", now, ""))
    requests.add(Request(path, "extend", now, ""))
    assert requests.settled([before]) == []
    after = _with(
        path,
        ("control", 2, {"request": "evaluate"}),
        ("warning", 2, {"message": "extend is refused: the steps would not be laid out alike"}),
    )
    assert [(outcome.text, outcome.is_done) for outcome in requests.settled([after])] == [
        ("run: evaluated after step 2", True),
        ("run: extend is refused: the steps would not be laid out alike", False),
    ]
    assert requests.settled([after]) == []


def test_a_request_that_came_too_late_is_told_and_one_to_a_run_that_starts_again_is_waited_for(
    tmp_path: Path,
) -> None:
    path = make_run(tmp_path, "run", state="running")
    ended = replace(read_run(path), state="finished")
    requests = Requests()
    requests.add(Request(path, "evaluate", ended.events[-1].time + 1e-6, ""))
    assert requests.settled([ended]) == []
    again = replace(_with(path, ("finished", 20, {"state": "finished"})), state="finished")
    (outcome,) = requests.settled([again])
    assert outcome.text == "run ended before it took the request: evaluate" and not outcome.is_done


def _samples(path: Path, answers: Sequence[str], prompt: str = "who?") -> Run:
    return _with(
        path,
        *(("sample", 10 * place, {"prompt": prompt, "answer": text}) for place, text in enumerate(answers)),
    )


def test_answers_are_a_timeline_a_prompt_the_untrained_one_first(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run")
    _samples(path, ["I", "I", "Arr"])
    who, what = timelines(_samples(path, ["x"], "what?"))
    assert (who.prompt, what.prompt) == ("who?", "what?")
    assert who.answers == (Said(0, 10, "I"), Said(20, 20, "Arr"))


def test_a_long_timeline_keeps_the_first_and_the_newest(tmp_path: Path) -> None:
    (line,) = timelines(_samples(make_run(tmp_path, "run"), [str(n) for n in range(MOST + 5)]))
    assert (len(line.answers), line.left_out) == (MOST, 5)
    assert (line.answers[0].answer, line.answers[-1].answer) == ("0", str(MOST + 4))


def test_flags_are_told_with_their_step(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", losses=[3.0 - 0.05 * step for step in range(40)])
    for step, loss in ((50, 2.0), (60, 1.5), (70, 1.8), (80, 2.1)):
        add_event(path, "step", step, **step_data(1.0 - step / 1000, step))
        add_event(path, "evaluation", step, validation_loss=loss, perplexity=1.0)
    analysis = analyse(read_run(path))
    assert "over-fitting: " in flag_line(analysis) and "at step" in flag_line(analysis)
    text = analysis_text(analysis, "Memory ran out at step 3")
    assert "slope " in text and "per 100 steps" in text and "Memory ran out at step 3" in text


def test_no_flag_is_said_to_be_none(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path, "run", losses=[3.0 - 0.05 * step for step in range(40)]))
    assert flag_line(analyse(run)) == ""
    assert "none: no over-fitting" in analysis_text(analyse(run), "")
    assert "too few steps" in analysis_text(analyse(read_run(make_run(tmp_path, "new", steps=3))), "")


def test_a_difference_names_both_values_and_shortens_hashes(tmp_path: Path) -> None:
    one, other = make_run(tmp_path, "one"), make_run(tmp_path, "other", steps=5)
    for path, rate, mark in ((one, 1e-3, "a"), (other, 2e-4, "b")):
        RunLayout(path).config.write_text(yaml.safe_dump({"learning_rate": rate, "probe_prompts": []}))
        about = yaml.safe_load(RunLayout(path).run_json.read_text())
        RunLayout(path).run_json.write_text(str({**about, "plan_hash": mark * 64}).replace("'", '"'))
    text = difference_text(difference(read_run(one), read_run(other)))
    assert "learning_rate  0.001 → 0.0002" in text
    assert "in another order" in text
    assert f"plan_hash  {'a' * 12}… → {'b' * 12}…" in text
    assert "probe_prompts" not in text
    assert "steps        20 → 5" in text


def test_what_does_not_vary_is_no_metric_to_turn_to(tmp_path: Path) -> None:
    path = make_run(tmp_path, "run", losses=[])
    for step, size in enumerate((8, 8, 8), start=1):
        add_event(path, "step", step, **step_data(1.0, step), effective_batch_size=size, weight_decay=0.1)
    assert "effective batch" not in _cycle(read_run(path))
    add_event(path, "step", 4, **step_data(1.0, 4), effective_batch_size=13, weight_decay=0.1)
    assert "effective batch" in _cycle(read_run(path)) and "weight decay" not in _cycle(read_run(path))


def _cycle(run: Run) -> list[str]:
    metric, titles = METRICS[0], []
    for _ in METRICS:
        metric = turned(metric, 1, [run])
        titles.append(metric.title)
    return titles
