"""Options: declared once, readable by every front end."""

import pytest

from phi_core.config.option import shown, specs
from phi_core.config.problems import SPECS
from phi_core.config.sampling import Sampling
from phi_core.config.training import TrainingConfig

QUANTITIES = ("max_length", "max_steps", "batch_size", "evaluate_every", "checkpoint_every")


@pytest.mark.parametrize("spec", [*SPECS.values(), *specs(Sampling)], ids=lambda spec: spec.name)
def test_every_option_has_help_a_group_and_a_level(spec) -> None:  # type: ignore[no-untyped-def]
    assert spec.help and spec.group and spec.level in ("basic", "advanced")
    assert not spec.help.endswith(".")


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_have_a_unit(name: str) -> None:
    assert SPECS[name].unit and SPECS[name].unit in SPECS[name].explanation


def test_the_defaults_are_legal_and_within_the_advised_ranges_but_for_none() -> None:
    defaults = {name: spec.default for name, spec in SPECS.items()}
    config = TrainingConfig.model_validate(defaults)
    assert config == TrainingConfig()
    for name, spec in SPECS.items():
        if spec.advised:
            assert spec.advised[0] <= getattr(config, name) <= spec.advised[1], name


def test_a_declaration_carries_kind_choices_and_bounds() -> None:
    assert (SPECS["learning_rate"].kind, SPECS["learning_rate"].bounds) == ("number", "> 0 and ≤ 10")
    assert (SPECS["validation_fraction"].bounds, SPECS["seed"].kind) == ("≥ 0 and < 1", "integer")
    assert SPECS["record_weights"].choices == ("equal", "fibonacci")
    assert (SPECS["torch_compile"].kind, SPECS["torch_compile"].nullable) == ("flag", True)
    assert (SPECS["lora_targets"].kind, SPECS["report_to"].kind) == ("list", "list")
    assert (SPECS["max_steps"].nullable, SPECS["epochs"].nullable) == (True, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        (True, "true"),
        (2e-4, "0.0002"),
        (1.0, "1"),
        (20, "20"),
        (("q_proj", "v_proj"), "q_proj,v_proj"),
        ((), ""),
        ("auto", "auto"),
    ],
)
def test_a_value_is_shown_as_people_type_it(value: object, text: str) -> None:
    assert shown(value) == text
