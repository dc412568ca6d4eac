"""What a process besides the main one failed of: written by that process, told by whoever records the run's end."""

from dataclasses import dataclass

from phi_core.files import read_json, write_json
from phi_core.runs.layout import RunLayout


@dataclass(frozen=True)
class RankFailure:
    rank: int
    error: str
    remedy: str

    def __str__(self) -> str:
        return f"process {self.rank}: {self.error}"


def write_rank_failure(layout: RunLayout, failure: RankFailure) -> None:
    layout.rank_failures.mkdir(exist_ok=True)
    write_json(layout.rank_failures / f"{failure.rank}.json", failure.__dict__)


def rank_failures(layout: RunLayout) -> list[RankFailure]:
    """The failures of this start, the first first."""
    paths = sorted(layout.rank_failures.glob("*.json"), key=lambda path: path.stat().st_mtime)
    records = [record for path in paths if isinstance(record := read_json(path), dict)]
    return [RankFailure(int(r["rank"]), str(r["error"]), str(r["remedy"])) for r in records]


def forget_rank_failures(layout: RunLayout) -> None:
    """Those of an earlier start have nothing to say to this one."""
    for path in layout.rank_failures.glob("*.json"):
        path.unlink(missing_ok=True)
