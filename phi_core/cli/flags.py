"""Flags that several commands share, each declared once with its explanation."""

from typing import Annotated, Literal

from cyclopts import Parameter

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
PromptFormat = Annotated[
    Literal["auto", "chat_template", "instruct", "phi3", "alpaca", "chatml", "raw"],
    Parameter(
        help="How messages become text; auto: as the adapter was trained, else the tokenizer's template."
    ),
]
PromptTemplate = Annotated[
    str | None, Parameter(help="A Jinja chat template of your own, instead of prompt_format.")
]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], Parameter(help="Where to run.")]
Dtype = Annotated[
    Literal["auto", "float32", "bfloat16", "float16"], Parameter(help="Precision of the weights.")
]
