"""Prepare data: stream the sources, tokenise in batches, write an Arrow file. Once for each fingerprint.

One thread reads and renders while another lets the tokenizer work on all cores; memory holds a few batches, however
large the files are. Raises DataError for faults, unless they are to be skipped.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phi_core.chat.prompt_format import PromptFormat
from phi_core.chat.tokenizer import TextTokenizer
from phi_core.data.fault_list import faulty_dataset
from phi_core.data.reading import read_records
from phi_core.data.records import Fault, Record, shown
from phi_core.data.sources.find import fingerprint as content_fingerprint
from phi_core.errors import DataError, ModelError, Problem
from phi_core.files import write_json
from phi_core.samples.arrow_file import record_batch, schema, write_datasets_files
from phi_core.samples.cache import make_room, new_prefix, prepared_folder, used
from phi_core.samples.data_spec import DataSpec, Place
from phi_core.samples.encoding import Encoded, encoded, estimated
from phi_core.samples.prepared import ABOUT, DATA, FORMAT, Prepared, files_named, open_prepared
from phi_core.samples.progress import OnProgress, Progress

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 1000
"""Records that are tokenised together."""
FAULTS_LISTED = 20
BATCHES_AHEAD = 2

RowOf = tuple[Place, int, Record]
"""A record with its file and the file's number."""
Rows = Sequence[RowOf]


def prepare(
    spec: DataSpec,
    form: PromptFormat | None,
    tokenizer: TextTokenizer | None,
    *,
    on_progress: OnProgress | None = None,
) -> Prepared:
    """The prepared data, from the cache if it is there. DataError with the faults if they matter, or if
    the prepared data cannot be written.

    Without `form` and `tokenizer` (the model is not on this machine) tokens are estimated as characters / 4.
    """
    root, name = prepared_folder(), fingerprint(spec, form, tokenizer)
    found = _opened(spec, root / name[:32])
    if found is None:
        found = _built(spec, form, tokenizer, root, name, on_progress)
    used(found.folder)
    if found.num_faults and not spec.skips_faults:
        raise _faulty(spec, found.num_faults, found.faults, num_good=len(found))
    return found


def find_prepared(
    spec: DataSpec, form: PromptFormat | None, tokenizer: TextTokenizer | None
) -> Prepared | None:
    """The prepared data if the cache has it."""
    return _opened(spec, prepared_folder() / fingerprint(spec, form, tokenizer)[:32])


def fingerprint(spec: DataSpec, form: PromptFormat | None, tokenizer: TextTokenizer | None) -> str:
    """SHA-256 over all that decides what is prepared. The names of the files are no part of it, but their order is."""
    layout = [[content_fingerprint([place.part]), place.source, place.side] for place in spec.parts]
    encoder = [form.hash, tokenizer.fingerprint] if form and tokenizer else None
    content = json.dumps([FORMAT, layout, asdict(spec.reading), _kinds(spec), encoder])
    return hashlib.sha256(content.encode()).hexdigest()


def _built(
    spec: DataSpec,
    form: PromptFormat | None,
    tokenizer: TextTokenizer | None,
    root: Path,
    name: str,
    on_progress: OnProgress | None,
) -> Prepared:
    """DataError if a file changed meanwhile: what was read would stand under the name of what was there before."""
    try:
        beside = Path(tempfile.mkdtemp(dir=root, prefix=new_prefix()))
        try:
            folder = _Build(spec, form, tokenizer, beside, on_progress).done(name)
            if fingerprint(spec, form, tokenizer) != name:
                raise DataError(f"{files_named(spec.places)} changed while it was read", remedy="Start again")
            return _kept(spec, folder, root)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        what = f"prepared data cannot be written to {root}: {reason}"
        raise DataError(what, remedy="Make room, or set PHI_CACHE_DIR to another place") from None


def _kinds(spec: DataSpec) -> list[str]:
    return [place.part.kind for place in spec.parts]


def _opened(spec: DataSpec, folder: Path) -> Prepared | None:
    return open_prepared(folder, labels=spec.labels, places=spec.places)


def _kept(spec: DataSpec, folder: Path, root: Path) -> Prepared:
    """Move a finished folder to its place; one that another process has put there is as good."""
    found = _opened(spec, folder)
    assert found is not None, "just written"
    target = root / found.fingerprint[:32]
    try:
        folder.rename(target)
    except OSError:
        if _opened(spec, target) is None:
            shutil.rmtree(target, ignore_errors=True)
            folder.rename(target)
    make_room(root, keep=target)
    return _opened(spec, target) or found


class _Build:
    """One pass over the records of a specification."""

    def __init__(
        self,
        spec: DataSpec,
        form: PromptFormat | None,
        tokenizer: TextTokenizer | None,
        folder: Path,
        on_progress: OnProgress | None,
    ) -> None:
        self._spec, self._form, self._tokenizer, self._folder = spec, form, tokenizer, folder
        self._on_progress = on_progress
        self._num_faults, self._faults = 0, list[Problem]()
        self._formats: Counter[str] = Counter()
        self._done_bytes = self._records = 0

    def done(self, fingerprint: str) -> Path:
        """The folder, filled. DataError if there are faults that matter."""
        import pyarrow as pa

        with (
            pa.OSFile(str(self._folder / DATA), "wb") as file,
            pa.ipc.new_stream(file, schema()) as writer,
            ThreadPoolExecutor(1) as encoders,
        ):
            for columns, faults in _ahead(encoders, self._encoded, self._batches()):
                self._take(columns, faults)
                writer.write_batch(columns)
        if self._num_faults and not self._spec.skips_faults:
            raise _faulty(self._spec, self._num_faults, tuple(self._faults), num_good=self._records)
        self._describe(fingerprint)
        return self._folder

    def _take(self, columns: "pa.RecordBatch", faults: Sequence[Problem]) -> None:
        self._records += columns.num_rows
        for fault in faults:
            self._note(fault)
        self._tell()

    def _batches(self) -> Iterator[Rows]:
        records = self._good_records()
        while batch := list(islice(records, ROWS)):
            yield batch

    def _good_records(self) -> Iterator[tuple[Place, int, Record]]:
        before = 0
        for number, place in enumerate(self._spec.parts):
            reading = self._spec.reading_of(place)
            for record in read_records([place.part], reading, on_bytes=self._counting(before)):
                if isinstance(record, Fault):
                    self._note(record.problem)
                else:
                    self._formats[record.format] += 1
                    yield place, number, record
            before += place.part.num_bytes

    def _note(self, fault: Problem) -> None:
        self._num_faults += 1
        if len(self._faults) < FAULTS_LISTED:
            self._faults.append(fault)

    def _counting(self, before: int) -> Callable[[int], None]:
        def on_bytes(done: int) -> None:
            self._done_bytes = before + done
            self._tell()

        return on_bytes

    def _tell(self) -> None:
        if self._on_progress:
            self._on_progress(Progress(self._done_bytes, self._spec.num_bytes, self._records))

    def _encoded(self, batch: Rows) -> "tuple[pa.RecordBatch, list[Problem]]":
        """The columns of a batch, and the records that cannot be rendered or tokenised. Runs beside the reading."""
        opening = self._tokenizer.opening if self._tokenizer else ()
        try:
            return record_batch(batch, self._samples(batch), opening), []
        except (ModelError, DataError):
            return self._one_by_one(batch, opening)

    def _one_by_one(self, batch: Rows, opening: tuple[int, ...]) -> "tuple[pa.RecordBatch, list[Problem]]":
        kept, samples, faults = list[RowOf](), list[Encoded](), list[Problem]()
        for row in batch:
            try:
                samples += self._samples([row])
                kept.append(row)
            except (ModelError, DataError) as error:
                record = row[2]
                place = f"{shown(row[0].part.name)} {row[0].part.place} {record.line}"
                faults.append(Problem(place, error.what, error.remedy))
        return record_batch(kept, samples, opening), faults

    def _samples(self, batch: Rows) -> list[Encoded]:
        records = [record for _, _, record in batch]
        if self._form and self._tokenizer:
            return encoded(records, self._form, self._tokenizer)
        return [estimated(record) for record in records]

    def _describe(self, fingerprint: str) -> None:
        parts = [place.part for place in self._spec.parts]
        about = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "content_fingerprint": content_fingerprint(parts),
            "is_exact": self._tokenizer is not None and self._form is not None,
            "has_groups": self._spec.reading.group_by is not None,
            "prompt_format": self._form.name if self._form else None,
            "places": self._spec.places,
            "num_records": self._records,
            "num_faults": self._num_faults,
            "faults": [asdict(fault) for fault in self._faults],
            "formats": dict(self._formats),
        }
        write_datasets_files(self._folder, fingerprint)
        write_json(self._folder / ABOUT, about)


def _ahead(pool: ThreadPoolExecutor, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """`work` of each item, in order, a few items ahead of whoever takes the results."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > BATCHES_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _faulty(spec: DataSpec, count: int, faults: Sequence[Problem], *, num_good: int) -> DataError:
    return faulty_dataset(files_named(spec.places), faults, count, num_good=num_good)
