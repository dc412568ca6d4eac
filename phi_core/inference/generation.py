"""Generation as a tower of generators: logits → token ids → text.

`token_ids` runs the model and draws; `text_pieces` turns ids into text that is complete at every piece. Closing
the outer generator stops the model. Knows nothing about messages or adapters.

Letters: T tokens of the prompt, V vocabulary.
"""

from collections.abc import Iterator, Sequence

import torch
from tokenizers.decoders import DecodeStream
from transformers import DynamicCache

from phi_core.chat.tokenizer import TextTokenizer
from phi_core.config.sampling import Sampling


@torch.no_grad()
def token_ids(
    model: torch.nn.Module,
    prompt: Sequence[int],
    sampling: Sampling,
    *,
    stop_ids: frozenset[int],
    device: str,
) -> Iterator[int]:
    """Ids of the answer, the stop id included as the last one; at most `max_new_tokens`.

    The draws depend on the seed alone: each answer has a generator of its own, on the CPU.
    """
    cache = DynamicCache(config=model.config)
    generator = torch.Generator().manual_seed(sampling.seed)
    step = torch.tensor([list(prompt)], device=device)  # (1, T), then (1, 1)
    for _ in range(sampling.max_new_tokens):
        logits = model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
        chosen = draw(logits, sampling, generator)
        yield chosen
        if chosen in stop_ids:
            return
        step = torch.tensor([[chosen]], device=device)


def draw(logits_V: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The likeliest id at temperature 0, else one drawn from what top-k and top-p leave."""
    if sampling.temperature == 0:
        return int(logits_V.argmax())
    scores = logits_V.float().cpu() / sampling.temperature
    if sampling.top_k:
        scores = _keep_top_k(scores, sampling.top_k)
    if sampling.top_p < 1:
        scores = _keep_top_p(scores, sampling.top_p)
    return int(torch.multinomial(scores.softmax(-1), 1, generator=generator))


def text_pieces(
    ids: Iterator[int], tokenizer: TextTokenizer, *, stop_ids: frozenset[int]
) -> Iterator[tuple[str, int | None]]:
    """(text, id): the text that each id completes, "" while a character is unfinished; stop ids have none.

    The last pair has no id, and the text of a character that was never finished.
    """
    stream, said = DecodeStream(skip_special_tokens=True), ""
    given: list[int] = []
    for token_id in ids:
        piece = ""
        if token_id not in stop_ids:
            given.append(token_id)
            piece = stream.step(tokenizer.backend, token_id) or ""
        said += piece
        yield piece, token_id
    yield tokenizer.decode(given).removeprefix(said), None


def _keep_top_k(scores_V: torch.Tensor, k: int) -> torch.Tensor:
    least = scores_V.topk(min(k, scores_V.numel())).values[-1]
    return scores_V.masked_fill(scores_V < least, -torch.inf)


def _keep_top_p(scores_V: torch.Tensor, p: float) -> torch.Tensor:
    """The smallest set of likeliest ids whose probability reaches p (Holtzman et al. 2020)."""
    ordered, order = scores_V.sort(descending=True)
    before = ordered.softmax(-1).cumsum(-1) - ordered.softmax(-1)
    return scores_V.masked_fill(
        torch.zeros_like(scores_V, dtype=torch.bool).scatter(0, order, before >= p), -torch.inf
    )
