"""Flags that several commands share, each declared once with its explanation."""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token

from phi_core.config import words


def whole_number(type_: object, tokens: Sequence[Token]) -> int:
    """Cyclopts would round 1.5 without a word. ValueError for what is no whole number."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is no whole number") from None


Whole = Annotated[int, Parameter(converter=whole_number)]
RunsDir = Annotated[str | None, Parameter(help="Folder of the runs [default: PHI_RUNS_DIR, else ./runs].")]
Json = Annotated[bool, Parameter(help="Print one JSON document.")]
Model = Annotated[
    str | None,
    Parameter(help="Base model: hub id, local folder, or demo. May be left out with --adapter or --run."),
]
Adapters = Annotated[
    list[str] | None, Parameter(help="Folder of an adapter, or label=folder; repeat it for several.")
]
RunName = Annotated[str | None, Parameter(help="A run: its base model and its adapter.")]
Checkpoints = Annotated[
    list[str] | None,
    Parameter(
        help="Checkpoint of the run instead of its adapter: its step, newest, or final; repeat it for several."
    ),
]
Endpoints = Annotated[
    list[str] | None,
    Parameter(
        help="A model behind an OpenAI-compatible address as one more column, NAME=URL#MODEL; repeat it for several."
    ),
]
PromptFormat = Annotated[
    words.PromptFormatChoice,
    Parameter(
        help="How messages become text; auto: as the adapter was trained, else the tokenizer's template."
    ),
]
PromptTemplate = Annotated[
    str | None, Parameter(help="A Jinja chat template of your own, instead of prompt_format.")
]
Device = Annotated[words.DeviceName, Parameter(help="Where to run.")]
Dtype = Annotated[words.Dtype, Parameter(help="Precision of the weights.")]
Quantization = Annotated[
    words.Quantization, Parameter(help="Load the base in 8 or 4 bits a weight (bitsandbytes).")
]
