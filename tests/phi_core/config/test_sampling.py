"""Sampling settings: bad ones are named and keep their default."""

import pytest

from phi_core.config.sampling import Sampling, sampling_from


def test_text_as_typed_is_read() -> None:
    found, problems = sampling_from({"temperature": "0.7", "seed": "0", "top_k": 5}, where="--")
    assert found == Sampling(temperature=0.7, seed=0, top_k=5)
    assert not problems


@pytest.mark.parametrize(
    "values",
    [
        {"temperature": -1},
        {"temperature": "nan"},
        {"top_p": 0},
        {"top_p": 1.1},
        {"max_new_tokens": 0},
        {"seed": -1},
    ],
)
def test_a_bad_value_is_named_and_keeps_its_default(values: dict[str, object]) -> None:
    found, problems = sampling_from({"top_k": 3, **values}, where="line 2, generation")
    assert found == Sampling(top_k=3)
    (problem,) = problems
    assert problem.where == f"line 2, generation.{next(iter(values))}"
    assert str(next(iter(values.values()))) in problem.what


def test_an_unknown_name_is_named() -> None:
    found, problems = sampling_from({"temprature": 1}, where="x")
    assert found == Sampling()
    assert [problem.where for problem in problems] == ["x.temprature"]
