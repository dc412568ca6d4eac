"""The form as YAML: what differs with its meaning, back again without loss, and what is wrong with its line."""

import pytest
import yaml

from phi_core.config.problems import SPECS, check
from phi_tui.draft import Draft, default_text, explained, field_text
from phi_tui.form_yaml import edited, form_text, fragment, whole_yaml, yaml_of, yaml_value

TEXTS = {
    "model_name": "demo",
    "dataset_path": "a b.jsonl,data/eval[1].jsonl,with\\, comma.jsonl",
    "columns": "prompt=question,response=best",
    "learning_rate": "1e-05",
    "lora_targets": "",
    "validation_fraction": "golden",
    "max_steps": "12",
    "gradient_checkpointing": "false",
    "lora_layers": "0-3,7",
    "notify_command": "echo 'a: b' # no comment",
    "probe_prompts": "Who are you?,Yes\\, you: who?",
}
DRAFT = Draft().with_texts(TEXTS)


def test_the_text_for_the_editor_means_the_form_it_is_of() -> None:
    found = edited(form_text(DRAFT), DRAFT)
    assert found.draft is not None and check(found.draft.texts).config == check(DRAFT.texts).config
    assert found.problems == ()


def test_only_what_differs_stands_outside_comments_and_every_option_stands_somewhere() -> None:
    text = form_text(DRAFT)
    assert set(yaml.safe_load(text)) == set(DRAFT.texts)
    assert all(f"\n{name}:" in text or f"\n# {name}:" in text for name in SPECS)
    assert "# Peak learning rate (number, > 0 and ≤ 10, advised 5e-05 to 0.0002)" in text
    assert form_text(Draft()).count("\n# ") > len(SPECS)
    assert yaml.safe_load(form_text(Draft())) is None


def test_every_default_line_after_a_hash_is_that_default() -> None:
    for line in form_text(Draft()).splitlines():
        name = line.removeprefix("# ").partition(":")[0]
        if name in SPECS and line.startswith("# "):
            values = yaml.safe_load(line.removeprefix("# "))
            assert not Draft().edited(name, field_text(values[name])).texts, line


def test_what_is_no_value_is_kept_as_it_was_typed() -> None:
    wrong = Draft(
        {"lora_r": "abc", "learning_rate": "nan", "gradient_checkpointing": "perhaps", "epochs": ""}
    )
    found = edited(form_text(wrong), wrong)
    assert found.draft is not None
    assert {name: found.draft.text(name) for name in wrong.texts} == wrong.texts
    assert found.problems == ()  # they were there before


def test_new_problems_name_line_and_option() -> None:
    found = edited("seed: 3\nlora_r: abc\nlearning_rat: 1\n", Draft())
    assert [str(problem).partition(":")[0] for problem in found.problems] == [
        "line 3, learning_rat",
        "line 2, lora_r",
    ]
    assert "Did you mean learning_rate?" in str(found.problems[0])
    assert found.draft is not None and found.draft.texts == {"seed": "3", "lora_r": "abc"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: [1", "line 1 is not YAML"),
        ("seed: 1\nseed: 2", "line 2"),
        ("- seed", "holds a list"),
        ("a\tb: [", "YAML"),
    ],
)
def test_what_is_no_yaml_of_options_leaves_no_draft(text: str, words: str) -> None:
    found = edited(text, Draft())
    assert found.draft is None and words in str(found.problems[0])


def test_an_option_that_is_taken_out_has_its_default_again() -> None:
    found = edited("# nothing left\n", Draft({"seed": "3"}))
    assert found.draft == Draft()


def test_prose_is_no_fragment_and_options_are() -> None:
    assert fragment("learning_rate: 1e-4\nlora_r: 16\n") == {"learning_rate": "1e-4", "lora_r": 16}
    assert fragment("lora_r: 16") == {"lora_r": 16}
    for text in (
        "Note: this is prose",
        "a/b.jsonl",
        "seed",
        "seed: [1",
        "seed: 1\nfoo: 2",
        "",
        "https://x.org",
    ):
        assert fragment(text) == {}


def test_the_whole_yaml_is_the_same_configuration() -> None:
    draft = Draft({"dataset_path": "a.jsonl", "seed": "3"})
    assert check(yaml.safe_load(whole_yaml(draft))).config == check(yaml.safe_load(yaml_of(draft))).config
    assert check(yaml.safe_load(yaml_of(draft))).config == draft.checked.config
    assert whole_yaml(Draft({"seed": "x"})) == yaml_of(Draft({"seed": "x"}))
    assert yaml_of(Draft()) == ""


@pytest.mark.parametrize("name", SPECS)
def test_a_default_in_yaml_is_that_default(name: str) -> None:
    spec = SPECS[name]
    again = field_text(yaml_value(spec, default_text(spec)))
    assert not Draft().edited(name, again).texts


@pytest.mark.parametrize("name", SPECS)
def test_every_option_says_what_it_is_its_kind_range_advice_and_default(name: str) -> None:
    spec, words = SPECS[name], explained(SPECS[name])
    kinds = ("whole number", "number", "true or false", "one word", "text", "list")
    assert spec.help and words.startswith(f"{name}: {spec.help} (") and any(kind in words for kind in kinds)
    assert words.endswith(f"Default: {default_text(spec) or 'none'}")
    for fact in (spec.unit, spec.bounds, *spec.choices, *spec.words, "none" if spec.nullable else ""):
        assert fact in words
    if spec.advised:
        assert f"advised {spec.advised[0]:g} to {spec.advised[1]:g}" in words
