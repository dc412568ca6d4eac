"""The launch gate: each way to train nothing, or the wrong thing, is named; what may be accepted can be."""

from pathlib import Path

import pytest
from prepared_data import prepared_rows

from phi_core.errors import DataError
from phi_core.samples.cut import CutRule
from phi_core.samples.gate import Finding, findings, require_open
from phi_core.samples.samples import samples_of

SHORT = {"prompt": "Say aye.", "response": "Aye."}
LONG_ANSWER = {"prompt": "Tell me.", "response": "gold and sea " * 30}
LONG_PROMPT = {"prompt": "sea " * 100, "response": "Aye."}


def found(
    folder: Path,
    rows: list[dict[str, str]],
    rule: CutRule,
    *,
    overlapping: int = 0,
    accept: tuple[str, ...] = (),
) -> tuple[Finding, ...]:
    data = prepared_rows(folder, rows)
    train, validation = samples_of(data, range(len(data)), rule), samples_of(data, [], rule)
    return findings(train, validation, num_overlapping=overlapping, accept=accept)


def test_a_sound_dataset_passes(tmp_path: Path) -> None:
    assert found(tmp_path, [SHORT, LONG_ANSWER], CutRule(1000)) == ()
    require_open(())


def test_no_trained_token_is_refused(tmp_path: Path) -> None:
    gate = found(tmp_path, [LONG_PROMPT], CutRule(30))
    assert gate[0].name == "no_trained_tokens" and gate[0].stops
    with pytest.raises(DataError, match="no record has a trained token within max_length 30"):
        require_open(gate)


def test_a_stop_token_never_trained_is_refused_and_cannot_be_accepted(tmp_path: Path) -> None:
    gate = found(tmp_path, [LONG_ANSWER], CutRule(40), accept=("cut_answers", "stop_never_trained"))
    assert [finding.name for finding in gate if finding.stops] == ["stop_never_trained"]
    with pytest.raises(DataError, match="would not learn to stop"):
        require_open(gate)


def test_cut_answers_need_to_be_accepted_by_name(tmp_path: Path) -> None:
    rows = [SHORT] * 20 + [LONG_ANSWER]
    gate = found(tmp_path, rows, CutRule(40))
    assert [finding.name for finding in gate] == ["cut_answers"]
    with pytest.raises(DataError, match=r"1 of 21 records \(4\.8%\) lose the end .* --accept cut_answers"):
        require_open(gate)
    accepted = found(tmp_path, rows, CutRule(40), accept=("cut_answers",))
    require_open(accepted)
    assert [finding.name for finding in accepted] == ["cut_answers"] and not accepted[0].stops


def test_cut_answers_below_the_stated_share_pass(tmp_path: Path) -> None:
    assert found(tmp_path, [SHORT] * 120 + [LONG_ANSWER], CutRule(40)) == ()


@pytest.mark.parametrize("truncation", ["cut_start", "drop"])
def test_other_truncations_cut_no_answer_of_a_long_prompt(tmp_path: Path, truncation: str) -> None:
    rows = [SHORT] * 5 + [LONG_PROMPT] * 5
    assert [finding.name for finding in found(tmp_path, rows, CutRule(40))] == ["cut_answers"]
    gate = found(tmp_path, rows, CutRule(40, truncation))  # type: ignore[arg-type]
    assert [finding.name for finding in gate] == {"cut_start": [], "drop": ["dropped"]}[truncation]


def test_an_answer_that_loses_its_start_is_a_cut_answer(tmp_path: Path) -> None:
    turns = [("user", "Hi"), ("assistant", "Ahoy"), ("user", "sea " * 100), ("assistant", "Aye.")]
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    gate = found(tmp_path, [row], CutRule(40, "cut_start"))  # type: ignore[list-item]
    assert [finding.name for finding in gate] == ["cut_answers"] and "lose a part of an answer" in gate[
        0
    ].what


def test_few_dropped_records_pass_and_many_need_to_be_accepted(tmp_path: Path) -> None:
    few, many = [SHORT] * 20 + [LONG_PROMPT], [SHORT] * 3 + [LONG_PROMPT]
    rule = CutRule(40, "drop")
    assert found(tmp_path, few, rule) == ()
    assert [finding.stops for finding in found(tmp_path, many, rule)] == [True]
    assert [finding.stops for finding in found(tmp_path, many, rule, accept=("dropped",))] == [False]


def test_validation_records_that_are_trained_on_are_refused(tmp_path: Path) -> None:
    gate = found(tmp_path, [SHORT], CutRule(1000), overlapping=3)
    assert [finding.name for finding in gate] == ["overlap"] and gate[0].stops
    assert "3 of 0 validation records are also trained on" in gate[0].what
