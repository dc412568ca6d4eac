"""How likely a model finds an answer, and how an adapter moved each of its tokens away from the base.

One forward pass, with base and adapter as two rows of it where they can share one; only the answer's logits are kept.
Adapters are chosen for the call (inference.row_model): PEFT's own switches walk over all modules, which costs more than
a small model's pass. Letters: T tokens of the sample, A of the answer, V vocabulary.
"""

from collections.abc import Iterator, Sequence

import torch

from phi_core.chat.engine import LogLikelihood, TokenChange
from phi_core.chat.prompt_format import Tokenised
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import EngineFailed
from phi_core.inference.loaded_models import LoadedModels
from phi_core.inference.row_adapters import Slice, Voice
from phi_core.inference.row_model import RowModel

ROWS = 64
"""Positions whose distributions are held at once, in float32."""


def log_likelihood(models: LoadedModels, target: str, sample: Tokenised) -> LogLikelihood:
    """Over the trained tokens. EngineFailed if there is none."""
    if not sample.num_trained:
        raise EngineFailed("there is no answer to score within the model's context")
    (logits_TV,) = _logits(models, [target], sample.ids)
    logits = logits_TV[:-1].float()
    scored = torch.tensor(sample.trained[1:])
    ids = torch.tensor(sample.ids[1:], device=logits.device)
    chosen = logits.log_softmax(-1).gather(-1, ids[:, None])[:, 0].cpu()
    return LogLikelihood(float(chosen[scored].double().sum()), sample.num_trained)


def token_changes(
    models: LoadedModels, base: str, target: str, sample: Tokenised, tokenizer: TextTokenizer
) -> tuple[TokenChange, ...]:
    """Of the last answer of the sample, its stop token included. EngineFailed if it has no token to look at."""
    start, end = sample.answers[-1] if sample.answers else (0, 0)
    start = max(start, 1)  # a first token is predicted nowhere
    if end <= start:
        raise EngineFailed("there is no answer to look at within the model's context")
    length = end - start
    logits = _logits(models, [base, target], sample.ids[:end], keep=length + 1)
    base_AV, adapter_AV = (each[-length - 1 : -1] for each in logits)
    answer = sample.ids[start:end]
    figures = _changes(base_AV, adapter_AV, torch.tensor(answer))
    texts = token_texts(answer, tokenizer)
    return tuple(TokenChange(text, *figure) for text, figure in zip(texts, figures, strict=True))


@torch.no_grad()
def _logits(
    models: LoadedModels, targets: Sequence[str], ids: Sequence[int], keep: int = 0
) -> list[torch.Tensor]:
    """Of each target (T, V), or after `keep` only the last ones: the logits on the same ids."""
    places = [models.place_of(target) for target in targets]
    network = RowModel(places[0][0], device=models.base.device.name, faster_kernels=False)
    is_alone = {models.attached[target].serving != "mixed" for target in targets if target in models.attached}
    if len(targets) > 1 and (any(is_alone) or not network.mixes):
        return [_logits(models, [target], ids, keep)[0] for target in targets]
    slices = [Slice(Voice(name), row, row + 1) for row, (_, name) in enumerate(places)]
    rows = torch.tensor([list(ids)] * len(targets), device=models.base.device.name)
    cut = {"logits_to_keep": keep} if keep else {}
    return list(network.one_voice(slices, input_ids=rows, use_cache=False, **cut).logits)


def _changes(
    base_AV: torch.Tensor, adapter_AV: torch.Tensor, ids_A: torch.Tensor
) -> Iterator[tuple[float, float, float]]:
    """(base's log probability, adapter's, KL(adapter ‖ base)) of each token, in nats."""
    for rows in torch.arange(len(ids_A)).split(ROWS):
        base = base_AV[rows].float().log_softmax(-1)
        adapter = adapter_AV[rows].float().log_softmax(-1)
        kl = torch.nn.functional.kl_div(base, adapter, reduction="none", log_target=True).sum(-1).clamp_min(0)
        chosen = ids_A[rows].to(base.device)[:, None]
        found = torch.stack([base.gather(-1, chosen)[:, 0], adapter.gather(-1, chosen)[:, 0], kl], dim=-1)
        yield from (tuple(row) for row in found.tolist())


def token_texts(ids: Sequence[int], tokenizer: TextTokenizer) -> list[str]:
    """A text for each id, which join to the text of all; a character of several tokens stands at its last one."""
    texts, before = [], ""
    for length in range(1, len(ids) + 1):
        whole = tokenizer.decode(ids[:length], skip_special_tokens=False)
        is_cut = whole.endswith("\ufffd") and length < len(ids)
        said = before if is_cut or not whole.startswith(before) else whole
        texts.append(said.removeprefix(before))
        before = said
    return texts
