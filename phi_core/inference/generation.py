"""Generation as a tower of generators: logits → token ids → text.

`token_ids` runs the model and draws, one answer at a time: the slow twin that `batched_generation` must equal.
`text_pieces` turns ids into text that is complete at every piece. Closing the outer generator stops the model. Knows
nothing about messages or adapters.

Letters: T tokens of the prompt.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from tokenizers.decoders import DecodeStream
from transformers import DynamicCache

from phi_core.chat.tokenizer import TextTokenizer
from phi_core.config.sampling import Sampling
from phi_core.inference.drawing import Draws


@torch.no_grad()
def token_ids(
    model: torch.nn.Module,
    prompt: Sequence[int],
    sampling: Sampling,
    *,
    stop_ids: frozenset[int],
    device: str,
    forward: Callable[..., Any] | None = None,
) -> Iterator[int]:
    """Ids of the answer, the stop id included as the last one; at most `max_new_tokens`.

    `forward` calls the model in a way of the caller's own.
    """
    cache = DynamicCache(config=model.config)
    run, draws = forward or model, Draws(sampling, prompt)
    step = torch.tensor([list(prompt)], device=device)  # (1, T), then (1, 1)
    for _ in range(sampling.max_new_tokens):
        logits = run(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[0, -1]
        chosen = draws.choose(logits)
        yield chosen
        if chosen in stop_ids:
            return
        step = torch.tensor([[chosen]], device=device)


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
