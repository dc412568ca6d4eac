"""Which records are trained on and which are held out: what was given as validation data, else a split.

Records of the same content, and of the same group, stand on one side wherever that is ours to decide. Where it is not,
because validation data was given that is also trained on, the shared records are counted for the launch gate.
"""

from dataclasses import dataclass

from phi_core.config.training import TrainingConfig
from phi_core.data.split import split
from phi_core.data.units import units
from phi_core.errors import DataError
from phi_core.samples.data_spec import FOR_VALIDATION, TO_SPLIT
from phi_core.samples.prepared import Numbers, Prepared


@dataclass(frozen=True)
class Sides:
    """Records in ascending order. `num_overlapping` validation records have a content or group that is trained on."""

    train: Numbers
    validation: Numbers
    num_overlapping: int


def sides(config: TrainingConfig, data: Prepared) -> Sides:
    """DataError if the records cannot be split as the configuration asks."""
    import numpy as np

    given = np.flatnonzero(data.side == FOR_VALIDATION)
    train, held_out = _divided(config, data)
    validation = np.sort(np.concatenate([held_out, given]))
    return Sides(train, validation, _num_overlapping(data, train, validation) if len(given) else 0)


def _divided(config: TrainingConfig, data: Prepared) -> tuple[Numbers, Numbers]:
    """Sources that bring their own validation data are trained on whole; the others are split."""
    import numpy as np

    ours = np.flatnonzero(data.side == TO_SPLIT)
    brings_own = np.isin(data.source[ours], np.unique(data.source[data.side == FOR_VALIDATION]))
    if config.validation_path or brings_own.all():
        return ours, ours[:0]
    whole, free = ours[brings_own], ours[~brings_own]
    is_bound = _shares_a_unit(data, free, whole)
    train, held_out = _split(config, data, free[~is_bound])
    return np.sort(np.concatenate([whole, free[is_bound], train])), held_out


def _shares_a_unit(data: Prepared, records: Numbers, others: Numbers) -> Numbers:
    """Whether each record belongs together with one of the others, by content or by group."""
    import numpy as np

    if not len(others):
        return np.zeros(len(records), dtype=bool)
    both = np.concatenate([others, records])
    found = np.frombuffer(units(data.content_hashes(both), data.groups(both)), dtype="uint32")
    return np.isin(found[len(others) :], found[: len(others)])


def _split(config: TrainingConfig, data: Prepared, records: Numbers) -> tuple[Numbers, Numbers]:
    import numpy as np

    try:
        found = split(
            data.content_hashes(records),
            sources=data.source[records].tolist(),
            groups=data.groups(records),
            validation=config.validation_records or config.validation_fraction,
            seed=config.seed,
        )
    except DataError as error:
        raise DataError(f"{data.name}: {error.what}", remedy=error.remedy) from None
    train, held_out = (np.asarray(side, dtype=np.int64) for side in (found.train, found.validation))
    return records[train], records[held_out]


def _num_overlapping(data: Prepared, train: Numbers, validation: Numbers) -> int:
    import numpy as np

    is_shared = np.zeros(len(validation), dtype=bool)
    for keys in (data.content_hashes, data.groups):
        ours, theirs = keys(train), keys(validation)
        if ours is not None and theirs is not None:
            wanted = {key for key in theirs if key}
            found = {key for key in ours if key in wanted}
            is_shared |= np.fromiter((key in found for key in theirs), dtype=bool, count=len(theirs))
    return int(is_shared.sum())
