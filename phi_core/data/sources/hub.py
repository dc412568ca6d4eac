"""Datasets of the Hugging Face hub: NAME or OWNER/NAME, then :CONFIG, :SPLIT or :CONFIG:SPLIT.

They are downloaded once and then read from the library's cache, also without a network. Only tables are taken (JSON,
CSV, Parquet, Arrow, text): no code of a dataset is run, and nothing is unpickled.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from phi_core.data.records import shown
from phi_core.data.sources.part import OnBytes, Part, Row
from phi_core.data.sources.saved import dataset_rows
from phi_core.errors import DataError

VALIDATION_SPLITS = ("validation", "valid", "val", "dev")

PROBE_SECONDS = 5.0
"""The hub has so long to answer before what is in the cache must do."""

_WORD = r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9])?"
_ID = re.compile(rf"(?:{_WORD}/)?{_WORD}(?::[\w.+-]*){{0,2}}", re.ASCII)
_TABLES = frozenset({"arrow", "cache", "csv", "json", "parquet", "text"})
_LOADERS = frozenset({"arrow", "csv", "json", "pandas", "parquet", "sql", "text", "xml", "webdataset"})
"""Words that the library takes for a kind of file and not for a dataset's name."""


def could_be_hub_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and text.split(":")[0] not in _LOADERS and ".." not in text


def hub_parts(text: str) -> tuple[Part, Part | None]:
    """The split that is named (train if none is) and, beside train, the validation split if there is one."""
    name, *given = text.split(":")
    config, split = _chosen(name, given)
    splits = _loaded(name, config)
    wanted = split or "train"
    if wanted not in splits:
        there = ", ".join(shown(known) for known in splits)
        remedy = f"Name one of its splits: {name}:{config or ''}:SPLIT"
        raise DataError(f"hub dataset {name} has no split {shown(wanted)}, only {there}", remedy=remedy)
    beside = (
        next((known for known in VALIDATION_SPLITS if known in splits), None) if wanted == "train" else None
    )
    part = _part(name, config, wanted)
    return part, _part(name, config, beside) if beside else None


def hub(part: Part, on_bytes: OnBytes | None) -> Iterator[Row]:
    """The rows of one split."""
    yield from dataset_rows(_dataset(part), part, on_bytes)


def cached_files(part: Part) -> list[Path]:
    """The files of the library's cache that hold the rows of a split, in order."""
    return [Path(file["filename"]) for file in _dataset(part).cache_files]


def _part(name: str, config: str | None, split: str) -> Part:
    dataset = _loaded(name, config)[split]
    num_bytes = sum(Path(file["filename"]).stat().st_size for file in dataset.cache_files)
    return Part(shown(f"{name}:{split}"), f"{name}:{config or ''}:{split}", "hub", "row", num_bytes)


def _dataset(part: Part) -> Any:
    name, config, split = part.location.split(":")
    return _loaded(name, config or None)[split]


def _chosen(name: str, given: list[str]) -> tuple[str | None, str | None]:
    """Configuration and split. A single word is a configuration if there is one of this name, else a split."""
    if len(given) == 2:
        return given[0] or None, given[1] or None
    if not given or not given[0]:
        return None, None
    try:
        _loaded(name, given[0])
    except _NoSuchConfig:
        return None, given[0]
    return given[0], None


class _NoSuchConfig(DataError):
    pass


@lru_cache(maxsize=8)
def _loaded(name: str, config: str | None) -> Any:
    """All splits by name, mapped from the cache into memory. DataError if the dataset cannot be had."""
    from datasets import load_dataset_builder
    from datasets.exceptions import DatasetNotFoundError

    try:
        with _without_retries():
            builder = load_dataset_builder(f"hf://datasets/{name}", config)
            _require_tables(builder, name)
            builder.download_and_prepare()
            return builder.as_dataset(in_memory=False)
    except DataError:
        raise
    except DatasetNotFoundError as error:
        what = f"{name} is no file or folder here, and no dataset of the hub that you may read"
        raise DataError(what, [], remedy=_first_line(error)) from None
    except ConnectionError:
        what = f"{name} is no file or folder here, and the hub cannot be reached"
        raise DataError(
            what, remedy="Name a file, or connect once so that the dataset is downloaded"
        ) from None
    except ValueError as error:
        raise _NoSuchConfig(
            f"hub dataset {name} cannot be loaded: {shown(str(error), 400)}", [], _choose(name)
        ) from None
    except Exception as error:  # downloads fail in as many ways as there are libraries below
        raise DataError(f"hub dataset {name} cannot be loaded: {_first_line(error)}") from None


@contextmanager
def _without_retries() -> Iterator[None]:
    """The library in its offline mode if the hub does not answer: it would ask again for half a minute, and log it."""
    import logging

    from datasets import config

    loggers = [logging.getLogger(library) for library in ("datasets", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    was_offline = config.HF_HUB_OFFLINE
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        config.HF_HUB_OFFLINE = was_offline or not _answers(config.HF_ENDPOINT)
        yield
    finally:
        config.HF_HUB_OFFLINE = was_offline
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _answers(address: str) -> bool:
    """Whether anything does, be it a refusal: the library then knows better what to make of it."""
    from ssl import SSLError
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(address, method="HEAD"), timeout=PROBE_SECONDS):
            return True
    except URLError as error:
        return isinstance(error, HTTPError) or isinstance(error.reason, SSLError)
    except OSError:
        return False


def _require_tables(builder: Any, name: str) -> None:
    kind = type(builder).__module__.split(".")[-1]
    if kind not in _TABLES:
        what = f"hub dataset {name} is of the kind {shown(kind)}"
        raise DataError(what, remedy="Only tables and text can be read: JSON, CSV, Parquet, Arrow, text")


def _choose(name: str) -> str:
    return f"Name a configuration as {name}:CONFIG"


def _first_line(error: Exception) -> str:
    return shown(next(iter(str(error).splitlines()), type(error).__name__), 300)
