"""What must hold between the options of the data."""

from collections.abc import Iterator

from phi_core.config.option import shown
from phi_core.config.training import TrainingConfig
from phi_core.errors import Problem


def data_problems(config: TrainingConfig) -> Iterator[Problem]:
    if not config.dataset_path:
        yield Problem("dataset_path", "no dataset given", "Name a file of records")
    for item in config.columns:
        field, _, column = item.partition("=")
        if not (field.strip() and column.strip()):
            yield Problem("columns", f"must be a list of field=column, got {item!r}")
    yield from _about_mixture(config)
    yield from _about_order(config)
    if config.prompt_template and config.prompt_format != "auto":
        found = f"a template of your own and prompt_format {config.prompt_format}"
        yield Problem("prompt_template", found, "Set prompt_format to auto")


def _about_mixture(config: TrainingConfig) -> Iterator[Problem]:
    weights = config.mixture_weights
    if config.mixture == "weighted" and len(weights) != len(config.dataset_path):
        found = f"{len(weights)} weights for {len(config.dataset_path)} sources"
        yield Problem("mixture_weights", found, "Give one for each source of dataset_path")
    if weights and config.mixture != "weighted":
        found = f"mixture {config.mixture} takes no weights"
        yield Problem("mixture_weights", found, "Set mixture to weighted")
    if any(weight < 0 for weight in weights) or (weights and not any(weights)):
        yield Problem("mixture_weights", f"must be ≥ 0 and not all 0, got {shown(weights)}")


def _about_order(config: TrainingConfig) -> Iterator[Problem]:
    """A mixture by shares draws its records itself; one source after the other leaves the last ones no company."""
    by_shares = config.mixture in ("proportional", "weighted", "golden")
    remedy = "Set mixture to concatenated, or leave the order to it"
    if by_shares and config.record_order != "shuffled":
        found = f"{config.record_order} and mixture {config.mixture}, which draws every source shuffled"
        yield Problem("record_order", found, remedy)
    if config.mixture != "concatenated" and config.record_weights != "equal":
        found = f"{config.record_weights} and mixture {config.mixture}, which says how often a record comes"
        yield Problem("record_weights", found, remedy)
