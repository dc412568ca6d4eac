"""How likely a model finds an answer, and how an adapter moved each of its tokens away from the base.

One forward pass a model; only the answer's logits are kept. Letters: T tokens of the sample, A of the answer, V vocabulary.
"""

from collections.abc import Iterator, Sequence

import torch

from phi_core.chat.engine import LogLikelihood, TokenChange
from phi_core.chat.prompt_format import Tokenised
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.errors import EngineFailed
from phi_core.inference.loaded_models import LoadedModels, Model

ROWS = 64
"""Positions whose distributions are held at once, in float32."""


@torch.no_grad()
def log_likelihood(model: Model, sample: Tokenised) -> LogLikelihood:
    """Over the trained tokens. EngineFailed if there is none."""
    if not sample.num_trained:
        raise EngineFailed("there is no answer to score within the model's context")
    ids = torch.tensor([sample.ids], device=next(model.parameters()).device)
    logits = model(input_ids=ids, use_cache=False).logits[0, :-1].float()
    scored = torch.tensor(sample.trained[1:])
    chosen = logits.log_softmax(-1).gather(-1, ids[0, 1:, None])[:, 0].cpu()
    return LogLikelihood(float(chosen[scored].double().sum()), sample.num_trained)


def token_changes(
    models: LoadedModels, base: str, target: str, sample: Tokenised, tokenizer: TextTokenizer
) -> tuple[TokenChange, ...]:
    """Of the last answer of the sample, its stop token included. EngineFailed if it has no token to look at."""
    start, end = sample.answers[-1] if sample.answers else (0, 0)
    start = max(start, 1)  # a first token is predicted nowhere
    if end <= start:
        raise EngineFailed("there is no answer to look at within the model's context")
    upto = Tokenised(sample.ids[:end], ())
    base_AV, adapter_AV = (_answer_logits(models, each, upto, end - start) for each in (base, target))
    answer = sample.ids[start:end]
    figures = _changes(base_AV, adapter_AV, torch.tensor(answer))
    texts = token_texts(answer, tokenizer)
    return tuple(TokenChange(text, *figure) for text, figure in zip(texts, figures, strict=True))


@torch.no_grad()
def _answer_logits(models: LoadedModels, target: str, sample: Tokenised, length: int) -> torch.Tensor:
    """(A, V): the logits that the last `length` ids were predicted with."""
    with models.switched(target) as model:
        ids = torch.tensor([sample.ids], device=next(model.parameters()).device)
        logits: torch.Tensor = model(input_ids=ids, use_cache=False, logits_to_keep=length + 1).logits
    return logits[0, -length - 1 : -1]


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
