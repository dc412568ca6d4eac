"""Several runs from one configuration: every combination, checked before anything is made."""

import pytest

from phi_core.errors import ConfigError
from phi_core.planning.several import MOST_RUNS, variants

GIVEN = {"dataset_path": "data.jsonl", "lora_r": "4"}


def _problems(words: str, given: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as error:
        variants(words, GIVEN if given is None else given)
    return [str(problem) for problem in error.value.problems]


def test_every_combination_once_the_last_option_changing_fastest() -> None:
    found = variants("learning_rate=1e-4,2e-4 seed=1,2", GIVEN)
    assert [variant.label for variant in found] == [
        "learning_rate=1e-4 seed=1",
        "learning_rate=1e-4 seed=2",
        "learning_rate=2e-4 seed=1",
        "learning_rate=2e-4 seed=2",
    ]
    assert [(v.config.learning_rate, v.config.seed) for v in found] == [
        (1e-4, 1),
        (1e-4, 2),
        (2e-4, 1),
        (2e-4, 2),
    ]
    assert {variant.config.lora_r for variant in found} == {4}


def test_values_of_a_list_stand_between_bars_and_spaces_in_quotes() -> None:
    found = variants('lora-targets=q_proj,v_proj|auto probe_prompts="Who are you?|none" seed=3', GIVEN)
    assert [variant.config.lora_targets for variant in found] == [("q_proj", "v_proj")] * 2 + [("auto",)] * 2
    assert [variant.config.probe_prompts for variant in found] == [("Who are you?",), ()] * 2
    assert found[1].label == "lora_targets=q_proj,v_proj probe_prompts=none seed=3"


def test_a_comma_after_a_backslash_stays_in_a_value() -> None:
    (found,) = variants(r"probe_prompts='Well\, who?'", GIVEN)
    assert found.config.probe_prompts == ("Well, who?",)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "nothing varies"),
        ("   ", "nothing varies"),
        ("seed", "'seed' is not OPTION=VALUE,VALUE"),
        ("learning_rat=1,2", "Did you mean learning_rate?"),
        ("seed=1 seed=2", "seed: stands there twice"),
        ("seed=1,,2", "seed: a value is missing"),
        ("seed=1,2,", "seed: a value is missing"),
        ("seed='1", "a quote is not closed"),
        ("seed=1,01", "seed=01 stands there twice"),
        ("lora_r=8,abc", "must be a whole number ≥ 1 and ≤ 4,096, got 'abc' (with lora_r=abc)"),
        ("output_dir=one seed=1,2", "output_dir: is one directory for several runs"),
    ],
)
def test_what_is_wrong_is_named(words: str, problem: str) -> None:
    assert any(problem in found for found in _problems(words))


def test_all_problems_are_told_at_once_and_those_of_all_combinations_without_one() -> None:
    found = _problems("lora_r=8,abc seed=1,2 epochs=0", GIVEN)
    assert any(
        problem.startswith("lora_r") and "(with lora_r=abc seed=1 epochs=0 and 1 more)" in problem
        for problem in found
    )
    assert any(problem.startswith("epochs") and "with" not in problem for problem in found)


def test_too_many_are_refused_before_any_is_checked() -> None:
    words = "seed=" + ",".join(map(str, range(MOST_RUNS + 1)))
    assert _problems(words) == [f"these are {MOST_RUNS + 1} runs. At most {MOST_RUNS} are made at once"]
    assert len(variants(words.rpartition(",")[0], GIVEN)) == MOST_RUNS


def test_an_output_directory_of_all_is_refused_for_several_only() -> None:
    given = {**GIVEN, "output_dir": "out"}
    assert _problems("seed=1,2", given) == ["output_dir: is one directory for several runs. Set it to none"]
    assert len(variants("seed=1", given)) == 1
    assert len(variants("output_dir=a,b", GIVEN)) == 2
