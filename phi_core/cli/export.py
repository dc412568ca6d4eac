"""`phi export`: an adapter, or base and adapter merged, as a folder that other programs load; to the hub on request."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from phi_core.cli.flags import Json, Model, RunsDir
from phi_core.cli.output import memory, print_json, say, say_row
from phi_core.cli.target import Target, target_of
from phi_core.config.problems import checked
from phi_core.config.words import DeviceName, Dtype
from phi_core.errors import PhiError, RequestError
from phi_core.files import GIB, read_json, user_path
from phi_core.jobs.export_job import (
    ExportRequest,
    ExportResult,
    What,
    check_rows,
    relative_difference,
    require_free,
)
from phi_core.jobs.export_job import (
    export as carried_out,
)
from phi_core.model_files.push import push as uploaded
from phi_core.model_files.push import require_pushable
from phi_core.plain_text import one_line
from phi_core.planning.probe_records import probe_records
from phi_core.runs.reader import Run

QUESTIONS = "fixed questions"


def export(
    *,
    to: Annotated[str, Parameter(help="Folder to write: new, or empty.")],
    run: Annotated[str | None, Parameter(help="The run whose adapter it is [default: latest].")] = None,
    adapter: Annotated[str | None, Parameter(help="A folder of an adapter instead.")] = None,
    model: Model = None,
    what: What = "adapter",
    dtype: Dtype = "auto",
    device: DeviceName = "cpu",
    tolerance: float | None = None,
    accept_difference: bool = False,
    push: str | None = None,
    public: bool = False,
    json: Json = False,
    runs_dir: RunsDir = None,
) -> int:
    """Write an adapter, or the base with the adapter merged in, as a folder for other programs.

    A merged model is loaded from the disk again and its logits compared with those of base and adapter.

    Parameters
    ----------
    what
        adapter: PEFT's files, tokenizer, prompt format. merged: a model of its own, ready for transformers.
    dtype
        Precision of merged weights; auto: as the base is stored.
    device
        Where to merge and compare, in float32: 4 bytes a parameter.
    tolerance
        Largest difference of a logit, as a share of the largest logit [default: 1e-4, 1e-2, 5e-2 for float32,
        float16, bfloat16].
    accept_difference
        Keep a merged model that differs by more; the card says so.
    push
        Upload the folder to this repository of the hub, OWNER/NAME, with the token in HF_TOKEN or of `hf auth login`.
    public
        The repository is for everybody to see; without it a new one is private.
    """
    target = user_path(to)
    _require_sensible(tolerance, push, public=public)
    require_free(target)
    if push:
        require_pushable(push)
    chosen = target_of(
        model, [adapter] if adapter else None, run or (None if adapter else "latest"), runs_dir
    )
    origin, request = _request(
        chosen,
        target,
        what,
        dtype=dtype,
        device=device,
        tolerance=tolerance,
        accept_difference=accept_difference,
        for_hub=push is not None,
    )
    result = carried_out(request, run=chosen.run, on_progress=_tell)
    address = uploaded(target, push, public=public) if push else None
    if json:
        print_json(_record(result, origin, address))
    else:
        _print(result, origin, address)
    return 0


def _require_sensible(tolerance: float | None, push: str | None, *, public: bool) -> None:
    if tolerance is not None and not 0 <= tolerance <= 1:
        raise RequestError(f"--tolerance {tolerance} is not from 0 to 1")
    if public and push is None:
        raise RequestError(
            "--public says who may see a repository, and there is none", "Add --push OWNER/NAME"
        )


def _request(chosen: Target, target: Path, what: What, **more: Any) -> tuple[str, ExportRequest]:
    """Where the probes are from, and what to do."""
    path = next(iter(chosen.adapters.values()))
    origin, probes = _probes(chosen.run) if what == "merged" and chosen.run else ("", ())
    request = ExportRequest(
        adapter=path.resolve(),
        model=chosen.model or _named_base(path),
        revision=chosen.revision,
        target=target,
        what=what,
        trust_remote_code=chosen.trust_remote_code,
        probes=probes,
        **more,
    )
    return (f"{origin} records of the run" if probes else QUESTIONS), request


def _named_base(path: Path) -> str:
    settings = read_json(path / "adapter_config.json")
    name = settings.get("base_model_name_or_path") if isinstance(settings, dict) else None
    if not name:
        raise RequestError(f"adapter {path} does not name its base model", "Give it with --model")
    return str(name)


def _probes(run: Run) -> tuple[str, tuple[tuple[int, ...], ...]]:
    try:
        config = checked(dict(run.config), source=str(run.layout.config))
    except PhiError:  # of another version of phi: its adapter can be exported all the same
        return "", ()
    return probe_records(config)


def _tell(text: str) -> None:
    print(f"{one_line(text)} …", file=sys.stderr, flush=True)


def _print(result: ExportResult, origin: str, address: str | None) -> None:
    say(f"{result.what} in {result.target} · {memory(result.bytes / GIB)}")
    for name, text in check_rows(result):
        is_first = name == "Compared"
        say_row(
            "compared" if is_first else "", f"{text} ({origin})" if is_first else f"{name.lower()}: {text}"
        )
    for note in result.notes:
        say_row("note", note)
    if address:
        say_row("hub", address)
    commands = gguf_commands(result)
    say(
        "\nGGUF for llama.cpp and Ollama:"
        if os.environ.get("LLAMA_CPP_DIR")
        else "\nGGUF for llama.cpp and Ollama, with a copy of https://github.com/ggml-org/llama.cpp in LLAMA_CPP_DIR:"
    )
    say("\n".join(f"  {command}" for command in commands))


def gguf_commands(result: ExportResult) -> tuple[str, ...]:
    """What converts the folder: a merged model in two steps, an adapter in one beside its base."""
    home = os.environ.get("LLAMA_CPP_DIR") or "LLAMA_CPP_DIR"
    folder, python = result.target.resolve(), "python"
    if result.what == "adapter":
        base = ["--base", str(result.base_folder)] if result.base_folder else []
        made = str(folder.with_name(f"{folder.name}.gguf"))
        return (
            shlex.join([python, f"{home}/convert_lora_to_gguf.py", str(folder), *base, "--outfile", made]),
        )
    whole, small = folder.with_name(f"{folder.name}-f16.gguf"), folder.with_name(f"{folder.name}-Q4_K_M.gguf")
    converted = [
        python,
        f"{home}/convert_hf_to_gguf.py",
        str(folder),
        "--outtype",
        "f16",
        "--outfile",
        str(whole),
    ]
    return (
        shlex.join(converted),
        shlex.join([f"{home}/build/bin/llama-quantize", str(whole), str(small), "Q4_K_M"]),
    )


def _record(result: ExportResult, origin: str, address: str | None) -> dict[str, Any]:
    equality = dict(result.equality) if result.equality else None
    return {
        "path": str(result.target.resolve()),
        "what": result.what,
        "bytes": result.bytes,
        "dtype": result.dtype,
        "equality": equality and {**equality, "relative": relative_difference(equality), "probes": origin},
        "tolerance": result.tolerance,
        "notes": list(result.notes),
        "address": address,
        "gguf": list(gguf_commands(result)),
    }
