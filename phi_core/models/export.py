"""A base with an adapter merged into its weights, written as a model of its own and compared with what it should be.

W + s BA is computed in float32 and rounded once, to the precision that is written. Then the folder is loaded from the
disk as any program would load it, and its logits are compared with those of base + adapter on real records.
"""

import gc
import shutil
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, PreTrainedModel

from phi_core.chat.messages import Message
from phi_core.chat.prompt_format import FILE, PromptFormat, tokenise
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import AdapterError, ModelError, PhiError, WorkError
from phi_core.files import read_json
from phi_core.models.adapter import load_adapter
from phi_core.models.adapter_agreement import require_trained_on
from phi_core.models.adapter_record import recorded_format, require_same_ids
from phi_core.models.base import BaseModel, load_base
from phi_core.models.device import DTYPES, Device, choose_device
from phi_core.models.export_files import copy_tokenizer, write_chat_template, write_generation_config

OnProgress = Callable[[str], None]
PROBE_TOKENS = 64
"""Of each probe; logits over a large vocabulary take memory."""
QUESTIONS = (
    "What is the capital of France?",
    "Write one sentence about the sea.",
    "Explain why 7 is a prime number.",
    "List three colours, separated by commas.",
)
"""Asked where no records of the run are at hand."""


@dataclass(frozen=True)
class Equality:
    """How far the merged folder is from base + adapter, over every position of the probes.

    `relative` is the largest difference of a logit over the largest magnitude of one; `same_choice` the share of
    positions at which both have the same most likely token.
    """

    largest_difference: float
    largest_logit: float
    same_choice: float
    texts: int
    positions: int

    @property
    def relative(self) -> float:
        return self.largest_difference / self.largest_logit if self.largest_logit else self.largest_difference


@dataclass(frozen=True)
class Merged:
    """`notes` are sentences on what a user of the folder should know."""

    equality: Equality
    dtype: str
    parameters: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Reference:
    """What the merged folder must be like; made before the base's memory is given back."""

    folder: Path
    tokenizer: TextTokenizer
    form: PromptFormat | None
    probes: tuple[tuple[int, ...], ...]
    logits: tuple[torch.Tensor, ...]
    device: Device
    parameters: int


def write_merged(
    adapter: Path,
    target: Path,
    *,
    model: str,
    revision: str | None,
    dtype: str,
    device: str,
    trust_remote_code: bool,
    probes: Sequence[Sequence[int]],
    on_progress: OnProgress,
) -> Merged:
    """Fill the empty folder `target`. `dtype` auto: as the base is stored. Probes are ids; without: fixed questions.

    AdapterError if the adapter does not belong to the base, ModelError if the base is stored quantised, WorkError if the
    merged weights are not finite.
    """
    on_progress(f"loading {Path(model).name} in float32")
    base = load_base(
        model, choose_device(device, "float32"), revision=revision, trust_remote_code=trust_remote_code
    )
    _require_whole(base)
    _require_same_base(base, adapter)
    written = stored_dtype(base.folder) if dtype == "auto" else dtype
    reference = _merge(base, adapter, target, DTYPES[written], probes, on_progress)
    del base
    _free()
    notes = _write_the_rest(adapter, target, reference, trust_remote_code=trust_remote_code)
    on_progress("loading the merged folder and comparing logits")
    merged = _load(target, reference.device, trust_remote_code=trust_remote_code)
    equality = _equality(reference, _logits(merged, reference.probes, reference.device))
    return Merged(equality, written, reference.parameters, tuple(notes))


def stored_dtype(folder: Path) -> str:
    """The precision of a model's files as its config.json says, float32 where it does not."""
    config = read_json(folder / "config.json") or {}
    named = str(config.get("dtype") or config.get("torch_dtype") or "float32").removeprefix("torch.")
    return named if named in DTYPES else "float32"


def _require_whole(base: BaseModel) -> None:
    if getattr(base.model.config, "quantization_config", None) is not None:
        raise ModelError(
            f"{base.name} is stored quantised: merging into rounded weights would round the adapter away",
            "Name the full-precision base with --model",
        )


def _require_same_base(base: BaseModel, adapter: Path) -> None:
    require_trained_on(base, adapter, how=" with --model")
    require_same_ids(adapter, base.tokenizer)


def _merge(
    base: BaseModel,
    adapter: Path,
    target: Path,
    dtype: torch.dtype,
    probes: Sequence[Sequence[int]],
    on_progress: OnProgress,
) -> _Reference:
    """Write the merged weights; what base + adapter say."""
    form = recorded_format(adapter)
    texts = _probes(probes, form or base.form, base.tokenizer)
    adapted = load_adapter(base.model, adapter, label="export")
    on_progress("base + adapter on the probe texts")
    logits = _logits(adapted, texts, base.device)
    on_progress(f"merging, and writing {str(dtype).removeprefix('torch.')}")
    merged = _merged(adapted, adapter)
    _untie(merged)
    merged.to(dtype)
    _require_finite(merged, dtype)
    merged.generation_config = GenerationConfig()  # its file is written from the base's own
    merged.save_pretrained(target)
    parameters = sum(parameter.numel() for parameter in merged.parameters())
    return _Reference(base.folder, base.tokenizer, form, texts, logits, base.device, parameters)


def _merged(adapted: PeftModel, adapter: Path) -> PreTrainedModel:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Input and output embeddings are no longer tied")
            merged: PreTrainedModel = adapted.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise AdapterError(f"adapter {adapter} cannot be merged: {error}") from None
    return merged


def _untie(model: PreTrainedModel) -> None:
    """A head or embedding that was trained apart from the other is written, and loaded, apart."""
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    tied = getattr(model.config, "tie_word_embeddings", False)
    if tied and head is not None and head.weight.data_ptr() != embedding.weight.data_ptr():
        model.config.tie_word_embeddings = False


def _require_finite(model: nn.Module, dtype: torch.dtype) -> None:
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter).all():
            raise WorkError(
                f"{name} has values beyond {str(dtype).removeprefix('torch.')}",
                "Choose --dtype bfloat16 or float32",
            )


def _write_the_rest(
    adapter: Path, target: Path, reference: _Reference, *, trust_remote_code: bool
) -> list[str]:
    """Tokenizer, chat template, generation config and prompt format; notes on them."""
    base, form, tokenizer = reference.folder, reference.form, reference.tokenizer
    copy_tokenizer(base, target)
    write_generation_config(base, target, form, tokenizer)
    for path in base.glob("*.py") if trust_remote_code else ():
        shutil.copyfile(path, target / path.name)
    notes = []
    if form is not None:
        write_chat_template(form, tokenizer, target)
        shutil.copyfile(adapter / FILE, target / FILE)
        notes.append(_template_note(target, form, tokenizer, trust_remote_code=trust_remote_code))
    record = read_json(adapter / FILE)
    quantised = record.get("base_quantization", "none") if isinstance(record, dict) else "none"
    if quantised != "none":
        notes.append(
            f"trained on the base in {quantised}, merged into the full-precision base: that the answers are those of "
            "training is not what the comparison of logits shows"
        )
    return notes


def _template_note(
    target: Path, form: PromptFormat, tokenizer: TextTokenizer, *, trust_remote_code: bool
) -> str:
    """Whether transformers' own chat template gives the ids of training, for a question and for a conversation."""
    first, second = Message("user", QUESTIONS[0]), Message("user", QUESTIONS[1])
    conversations = ((first,), (first, Message("assistant", "Paris."), second))
    try:
        loaded = AutoTokenizer.from_pretrained(
            target, local_files_only=True, trust_remote_code=trust_remote_code
        )
        same = [_same_ids(loaded, form, tokenizer, messages) for messages in conversations]
    except (PhiError, OSError, ValueError, KeyError, TypeError) as error:
        return f"the chat template of format {form.name} could not be tried: {error}"
    if all(same):
        return f"its chat template is format {form.name}; it gives the token ids of training, in one turn and in two"
    where = "a second turn" if same[0] else "a question"
    return (
        f"its chat template is format {form.name}, whose token ids differ from those of training in {where}"
    )


def _same_ids(
    loaded: object, form: PromptFormat, tokenizer: TextTokenizer, messages: Sequence[Message]
) -> bool:
    text = loaded.apply_chat_template(  # type: ignore[attr-defined]
        [message.as_json() for message in messages], add_generation_prompt=True, tokenize=False
    )
    ids = loaded(text, add_special_tokens=False)["input_ids"]  # type: ignore[operator]
    return tuple(ids) == tokenise(form, messages, tokenizer, generation=True).ids


def _probes(
    given: Sequence[Sequence[int]], form: PromptFormat, tokenizer: TextTokenizer
) -> tuple[tuple[int, ...], ...]:
    asked = [tokenise(form, (Message("user", text),), tokenizer, generation=True).ids for text in QUESTIONS]
    return tuple(tuple(ids[:PROBE_TOKENS]) for ids in (given or asked) if ids)


@torch.no_grad()
def _logits(model: nn.Module, probes: Sequence[Sequence[int]], device: Device) -> tuple[torch.Tensor, ...]:
    """(tokens, vocabulary) in float32 on the CPU, one for each probe."""
    model.eval()
    rows = (torch.tensor([list(ids)], device=device.name) for ids in probes)
    return tuple(model(input_ids=row, use_cache=False).logits[0].float().cpu() for row in rows)


def _load(target: Path, device: Device, *, trust_remote_code: bool) -> PreTrainedModel:
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        target,
        dtype=torch.float32,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=trust_remote_code,
    )
    return model.to(device.name)


def _equality(reference: _Reference, found: Sequence[torch.Tensor]) -> Equality:
    pairs = list(zip(reference.logits, found, strict=True))
    positions = sum(len(wanted) for wanted, _ in pairs)
    same = sum(int((wanted.argmax(-1) == got.argmax(-1)).sum()) for wanted, got in pairs)
    return Equality(
        largest_difference=max(float((wanted - got).abs().max()) for wanted, got in pairs),
        largest_logit=max(float(wanted.abs().max()) for wanted, _ in pairs),
        same_choice=same / positions,
        texts=len(pairs),
        positions=positions,
    )


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
