"""Drawing: which token follows, given the logits. Knows nothing about models.

Each answer draws with numbers of its own, made on the CPU from its seed alone and one for each token, so that what
it says depends neither on the device nor on the answers that are computed beside it.

Letters: B rows, V vocabulary.
"""

from collections.abc import Sequence

import torch

from phi_core.config.sampling import Sampling


class Draws:
    """The choices of one answer. `prompt` counts as said when repetition is penalised."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int]) -> None:
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(sampling.seed)
        self._said = set(prompt)

    @property
    def are_plain(self) -> bool:
        """Whether each choice is simply the likeliest token."""
        return self._sampling.temperature == 0 and self._sampling.repetition_penalty == 1

    def choose(self, logits_V: torch.Tensor) -> int:
        """The next token; it counts as said from now on."""
        if self.are_plain:
            return int(logits_V.argmax())
        chosen = draw(self._penalised(logits_V.float().cpu()), self._sampling, self._generator)
        self._said.add(chosen)
        return chosen

    def _penalised(self, scores_V: torch.Tensor) -> torch.Tensor:
        """Keskar et al. 2019 (CTRL) as transformers has it: what was said is divided, or multiplied below zero."""
        penalty = self._sampling.repetition_penalty
        if penalty == 1:
            return scores_V
        said = torch.tensor(sorted(self._said))
        scores = scores_V[said]
        return scores_V.index_copy(0, said, torch.where(scores < 0, scores * penalty, scores / penalty))


def likeliest_ids(logits_BV: torch.Tensor) -> list[int]:
    """The likeliest token of each row; the first of equal ones. NumPy's search is many times as fast as torch's here."""
    if logits_BV.device.type == "cpu" and logits_BV.dtype == torch.float32:
        return [int(place) for place in logits_BV.numpy().argmax(-1)]
    return [int(place) for place in logits_BV.argmax(-1).tolist()]


def draw(scores_V: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The likeliest id at temperature 0, else one drawn from what top-k and top-p leave.

    One uniform number is used up: the id is where the cumulative probability, in the order of ids, passes it.
    """
    if sampling.temperature == 0:
        return int(scores_V.argmax())
    scores = scores_V.double() / sampling.temperature
    if sampling.top_k:
        scores = _keep_top_k(scores, sampling.top_k)
    if sampling.top_p < 1:
        scores = _keep_top_p(scores, sampling.top_p)
    probabilities = scores.softmax(-1)
    reached = probabilities.cumsum(-1)
    uniform = torch.rand((), generator=generator, dtype=torch.float64)
    drawn = int(torch.searchsorted(reached, uniform * reached[-1], right=True))
    return min(drawn, int(probabilities.nonzero()[-1]))


def _keep_top_k(scores_V: torch.Tensor, k: int) -> torch.Tensor:
    least = scores_V.topk(min(k, scores_V.numel())).values[-1]
    return scores_V.masked_fill(scores_V < least, -torch.inf)


def _keep_top_p(scores_V: torch.Tensor, p: float) -> torch.Tensor:
    """The smallest set of likeliest ids whose probability reaches p (Holtzman et al. 2020)."""
    ordered, order = scores_V.sort(descending=True, stable=True)
    probabilities = ordered.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    return scores_V.masked_fill(
        torch.zeros_like(scores_V, dtype=torch.bool).scatter(0, order, before >= p), -torch.inf
    )
