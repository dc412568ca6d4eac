"""The form's content: what is typed is what is checked, saved and asked for on the command line."""

import pytest

from phi_core.config.option import shown
from phi_core.config.problems import SPECS, check
from phi_core.config.training import TrainingConfig
from phi_tui.draft import Draft, canonical, default_text, draft_from, field_text, known
from phi_tui.option_filter import OptionFilter
from phi_tui.widgets.field import choices_of


def test_an_empty_draft_has_the_default_of_every_option() -> None:
    values = {name: default_text(spec) for name, spec in SPECS.items()}
    assert check(values | {"dataset_path": "d"}).config == TrainingConfig(dataset_path="d")


def test_a_text_equal_to_the_default_in_value_is_no_change() -> None:
    draft = Draft().edited("learning_rate", "2e-4").edited("max_steps", "none").edited("lora_r", "8 ")
    assert draft == Draft()


def test_editing_back_to_the_default_undoes_the_change() -> None:
    assert Draft().edited("lora_r", "16").edited("lora_r", "8") == Draft()


@pytest.mark.parametrize("value", [1.23456789e-5, 2e-4, 0.1, 1e-9, 123456.789])
def test_a_field_keeps_every_digit_of_a_number(value: float) -> None:
    assert float(field_text(value)) == value


def test_numbers_are_shown_as_they_are_read() -> None:
    assert canonical(SPECS["learning_rate"], "2e-4") == "0.0002"
    assert canonical(SPECS["learning_rate"], "abc") == "abc"
    assert canonical(SPECS["model_name"], "1e3") == "1e3"


def test_a_draft_of_a_configuration_reads_back_as_that_configuration() -> None:
    config = TrainingConfig(
        dataset_path="a b.jsonl", learning_rate=1.23456789e-5, lora_targets=("q_proj", "v_proj"), torch_compile=False,
        gradient_checkpointing=False, max_steps=3, report_to=("wandb",),
    )  # fmt: skip
    draft, unknown = draft_from(config.model_dump(mode="json"))
    assert draft.checked.config == config
    assert not unknown


def test_names_that_are_no_options_are_told_with_the_nearest() -> None:
    _, unknown = draft_from({"lora_rank": 8, "learning_rat": 1})
    assert [problem.where for problem in unknown] == ["lora_rank", "learning_rat"]
    assert "learning_rate" in unknown[1].remedy


def test_the_command_line_holds_what_differs_from_the_default() -> None:
    draft = (
        Draft()
        .edited("dataset_path", "a b.jsonl")
        .edited("gradient_checkpointing", "false")
        .edited("lora_r", "-1")
    )
    assert (
        draft.command_line == "phi train --dataset_path 'a b.jsonl' --lora_r=-1 --no_gradient_checkpointing"
    )


def test_a_search_looks_through_all_options() -> None:
    assert OptionFilter(search="matrices decay").names(Draft(), ()) == ["weight_decay"]


def test_advanced_options_are_seen_when_asked_for_changed_or_wrong() -> None:
    assert "weight_decay" not in OptionFilter().names(Draft(), ())
    assert "weight_decay" in OptionFilter(advanced=True).names(Draft(), ())
    assert "weight_decay" in OptionFilter().names(Draft().edited("weight_decay", "0.5"), ())
    assert "weight_decay" in OptionFilter(only_changed=True).names(Draft(), ("weight_decay",))


def test_only_changed_shows_nothing_else() -> None:
    assert OptionFilter(only_changed=True).names(Draft().edited("seed", "7"), ()) == ["seed"]


def test_shown_and_field_text_agree_on_round_values() -> None:
    assert all(field_text(spec.default) in (shown(spec.default), "") for spec in SPECS.values())


def test_lists_numbers_with_words_and_mappings_read_back_as_they_were() -> None:
    values = {
        "dataset_path": ["a,b.jsonl", "c.jsonl"],
        "validation_fraction": "golden",
        "mixture": "weighted",
        "mixture_weights": [0.123456789, 2.0],
        "columns": {"prompt": "question"},
        "accept": ["cut_answers", "overlap"],
    }
    draft, _ = draft_from(values)
    config = draft.checked.config
    assert config is not None
    assert config.dataset_path == ("a,b.jsonl", "c.jsonl")
    assert config.validation_fraction == "golden"
    assert config.mixture_weights == (0.123456789, 2.0)
    assert config.columns == ("prompt=question",)
    assert config.accept == ("cut_answers", "overlap")


def test_a_word_for_a_number_stays_as_typed() -> None:
    spec = SPECS["validation_fraction"]
    assert canonical(spec, "golden") == "golden"
    assert canonical(spec, "1e-1") == "0.1"
    assert Draft().edited("validation_fraction", "1e-1") == Draft()


def test_two_writings_of_a_list_are_the_same() -> None:
    assert Draft().edited("lora_targets", " auto ,") == Draft()
    assert Draft().edited("accept", "none") == Draft()


def test_items_are_added_to_a_list_once() -> None:
    draft = Draft().edited("accept", "overlap")
    assert draft.with_items("accept", ["cut_answers", "overlap"]) == "overlap,cut_answers"


def test_a_list_with_known_words_is_typed_and_not_turned() -> None:
    assert choices_of(SPECS["accept"]) == ()
    assert choices_of(SPECS["truncation"]) == ("cut_end", "cut_start", "drop")


def test_options_that_there_are_no_more_are_forgotten() -> None:
    assert known({"no_option": "1", "lora_r": "2"}) == {"lora_r": "2"}
