"""Spaces: what text means, what draws hold to, and every problem at once."""

import math
import random

import pytest

from phi_core.config.problems import SPECS, check, checked
from phi_core.config.training import TrainingConfig
from phi_core.errors import ConfigError
from phi_core.search.space import (
    Choices,
    Dimension,
    Range,
    as_flags,
    grid,
    parse_space,
    size,
    typed,
    words_of_space,
)


@pytest.fixture
def config() -> TrainingConfig:
    return checked({"dataset_path": "-"})


def one(name: str, text: object, **options: object) -> Dimension:
    space, problems = parse_space({name: text}, checked({"dataset_path": "-", **options}))
    assert not problems, problems
    return space[0]


def refused(name: str, text: object) -> str:
    _, problems = parse_space({name: text}, checked({"dataset_path": "-"}))
    assert problems
    assert {problem.where for problem in problems} == {name}
    return " ".join(map(str, problems))


def test_ranges_and_choices_are_read_with_the_type_of_the_option() -> None:
    assert one("learning_rate", "1e-5..1e-3:log") == Range("learning_rate", 1e-5, 1e-3, True, False)
    assert one("lora_r", "8..34") == Range("lora_r", 8, 34, False, True)
    assert one("lora_r", "8, 13,21,34") == Choices("lora_r", (8, 13, 21, 34))
    assert one("schedule", "linear,cosine") == Choices("schedule", ("linear", "cosine"))
    assert one("max_steps", "none,100") == Choices("max_steps", (None, 100))
    assert one("lora_targets", "q_proj,v_proj|auto") == Choices(
        "lora_targets", (("q_proj", "v_proj"), ("auto",))
    )
    assert one("lora_r", [8, "13"]) == Choices("lora_r", (8, 13))


def test_weights_are_choices_where_the_configuration_takes_weights() -> None:
    sources = {"dataset_path": "a,b", "mixture": "weighted", "mixture_weights": "1,1"}
    assert one("mixture_weights", "1,1|3,1", **sources).steps == ((1.0, 1.0), (3.0, 1.0))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("learning_rate", "0..1e-3", "> 0"),
        ("lora_dropout", "0..1", "< 1"),
        ("lora_r", "1.5..8", "whole number"),
        ("lora_r", "8", "one value is no choice"),
        ("lora_r", "", "whole number"),
        ("lora_r", "8,8", "twice"),
        ("lora_r", "34..8", "ends before it begins"),
        ("lora_r", "8..8", "ends before it begins"),
        ("lora_r", "8..34:exp", "no scale"),
        ("lora_dropout", "0..0.2:log", "logarithmic"),
        ("max_steps", "none..5", "no range of numbers"),
        ("schedule", "linear,wavy", "one of"),
        ("lora_rr", "8,13", "Did you mean lora_r"),
        ("seed", "1,2", "lucky seed"),
        ("max_length", "128,256", "what the validation loss is measured on"),
        ("validation_fraction", "0.1,0.2", "what the validation loss is measured on"),
        ("torch_compile", "true,false", "does not depend"),
        ("checkpoint_every", "5,10", "does not depend"),
        ("mixture", "concatenated,weighted", "weights"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_its_reason(name: str, text: str, why: str) -> None:
    assert why in refused(name, text)


def test_all_problems_are_named_at_once(config: TrainingConfig) -> None:
    _, problems = parse_space({"lora_r": "0,9999", "nonsense": "1,2", "seed": "1,2", "epochs": "1,2"}, config)
    assert [problem.where for problem in problems] == ["lora_r", "lora_r", "nonsense", "seed"]


def test_words_name_each_option_once() -> None:
    given, problems = words_of_space(["lora-r=8,13", "lora_r=1,2", "epochs"])
    assert given == {"lora_r": "8,13"}
    assert [problem.where for problem in problems] == ["lora_r", "space"]


SEARCHABLE = [name for name in SPECS if SPECS[name].kind in ("integer", "number") and name != "seed"]


@pytest.mark.parametrize("seed", range(200))
def test_every_draw_of_a_random_range_is_legal_inside_it_and_typed_back_the_same(seed: int) -> None:
    draws = random.Random(seed)
    low = 10 ** draws.uniform(-6, -1)
    high = low * 10 ** draws.uniform(0.01, 1)
    scale = draws.choice(["", ":log"])
    whole = sorted(draws.sample(range(1, 300), 2))
    for dimension in (
        one("learning_rate", f"{low!r}..{high!r}{scale}"),
        one("lora_r", f"{whole[0]}..{whole[1]}{scale}"),
        one("lora_alpha", f"{low!r}..{high!r}{scale}"),
    ):
        for _ in range(20):
            value = dimension.draw(draws)
            assert dimension.holds(value)
            assert isinstance(value, int) == (dimension.name == "lora_r")
            back = check({"dataset_path": "-", dimension.name: typed(value)}).config
            assert back is not None
            assert getattr(back, dimension.name) == value
        assert one(dimension.name, dimension.text) == dimension


def test_a_logarithmic_range_gives_each_decade_its_share() -> None:
    draws, dimension = random.Random(0), one("learning_rate", "1e-5..1e-2:log")
    logs = [math.log10(dimension.draw(draws)) for _ in range(3000)]
    for decade in (-5, -4, -3):
        assert 0.3 < sum(decade <= log < decade + 1 for log in logs) / 3000 < 0.37


def test_a_grid_has_every_combination_and_refuses_what_it_cannot_list(config: TrainingConfig) -> None:
    space, _ = parse_space({"lora_r": "8..10", "schedule": "linear,cosine"}, config)
    rows = list(grid(space))
    assert len(rows) == size(space) == 6
    assert rows[0] == {"lora_r": 8, "schedule": "linear"}
    assert len({tuple(row.items()) for row in rows}) == 6
    space, _ = parse_space({"learning_rate": "1e-5..1e-3", "lora_r": "8..1000"}, config)
    assert size(space) is None
    with pytest.raises(ConfigError) as error:
        grid(space)
    assert [problem.where for problem in error.value.problems] == ["learning_rate", "lora_r"]


def test_settings_are_flags_that_give_the_same_settings() -> None:
    values = {"learning_rate": 1.234e-05, "lora_targets": ("q_proj", "v_proj"), "max_steps": None}
    flags = as_flags(values)
    assert flags == ["--learning_rate", "1.234e-05", "--lora_targets", "q_proj,v_proj", "--max_steps", "none"]
    back = checked(
        {"dataset_path": "-", **{"learning_rate": flags[1], "lora_targets": flags[3], "max_steps": flags[5]}}
    )
    assert {name: getattr(back, name) for name in values} == values
    assert as_flags({"padding_free": False}) == ["--no_padding_free"]
