"""Sampling: how answers are drawn from a model. The same declaration serves flags, question files and the pipe."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from phi_core.config.option import option, shown
from phi_core.errors import Problem


class Sampling(BaseModel):
    """Frozen; temperature 0 is greedy decoding and ignores the other draws."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: float = option(
        0.0, "Randomness of the answer; 0: always the likeliest token", group="Sampling", ge=0, le=10
    )
    top_p: float = option(
        1.0, "Draw among the likeliest tokens of this total probability", group="Sampling", gt=0, le=1
    )
    top_k: int = option(0, "Draw among so many likeliest tokens; 0: all", group="Sampling", ge=0)
    repetition_penalty: float = option(
        1.0,
        "Divide the scores of tokens that prompt or answer hold already (negative ones are multiplied); 1: leave them",
        group="Sampling",
        gt=0,
        le=10,
    )
    max_new_tokens: int = option(256, "Longest answer", group="Sampling", unit="tokens", ge=1, le=100_000)
    seed: int = option(42, "Seed of the draws", group="Sampling", ge=0, lt=2**32)


def sampling_from(values: Mapping[str, Any], *, where: str) -> tuple[Sampling, list[Problem]]:
    """The settings, and a problem for each bad or unknown one (which then keeps its default)."""
    problems: list[Problem] = []
    good = {str(name): value for name, value in values.items()}
    while True:
        try:
            return Sampling.model_validate(good), problems
        except ValidationError as error:
            for fault in error.errors():
                name = str(fault["loc"][0])
                good.pop(name, None)
                problems.append(
                    Problem(f"{where}.{name}", f"{fault['msg'].lower()}, got {shown(fault['input'])!r}")
                )
