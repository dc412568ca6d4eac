"""How much likelier an adapter finds the reference answers than the base does, in nats a token.

Answers in, means with an interval out. Knows nothing about models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from phi_core.chat.engine import LogLikelihood
from phi_core.counted import counted
from phi_core.evaluation.answers import Answer
from phi_core.evaluation.perplexity import loss_difference, validation_loss


@dataclass(frozen=True)
class LikelihoodGain:
    """Log-likelihood of the references with the adapter − with the base, a token, over `references` of them.

    Positive: the adapter finds them likelier. `low` and `high` bound it with 95 %; None with too few references.
    """

    references: int
    mean: float
    low: float | None
    high: float | None

    def sentence(self) -> str:
        bounds = "too few for an interval"
        if self.low is not None and self.high is not None:
            bounds = f"95 % interval {self.low:+.3f} to {self.high:+.3f}"
        return (
            f"log-likelihood of the reference {self.mean:+.3f} nats a token against the base "
            f"({bounds}; {counted(self.references, 'reference')})"
        )


def mean_likelihood(answers: Sequence[Answer]) -> float | None:
    """Of the references, a token: Σ log-likelihood / Σ tokens. None if none was measured."""
    found = [measured for measured in map(_likelihood, answers) if measured]
    return -validation_loss(found).loss if found else None


def likelihood_gain(pairs: Sequence[tuple[Answer, Answer]]) -> LikelihoodGain | None:
    """From (base's, adapter's) answers to the same questions; None if no reference was measured with both.

    Nats are divided by the base's tokens, so that an endpoint with another tokenizer is measured on the same scale.
    """
    measured = [(_likelihood(before), _likelihood(after)) for before, after in pairs]
    both = [(before, after) for before, after in measured if before and after]
    if not both:
        return None
    found = loss_difference([before for before, _ in both], [after for _, after in both])
    low, high = (None if bound is None else -bound for bound in (found.high, found.low))
    return LikelihoodGain(len(both), -found.mean, low, high)


def _likelihood(answer: Answer) -> LogLikelihood | None:
    """None if the reference was not measured."""
    if answer.reference_log_likelihood is None or not answer.reference_tokens:
        return None
    return LogLikelihood(answer.reference_log_likelihood, answer.reference_tokens)
