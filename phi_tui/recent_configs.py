"""Configuration files to start from: those opened or saved lately, then those of the working folder.

Kept as one small file of paths beside the app's state; what cannot be read is forgotten. Runs in threads. Knows no widget.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phi_core.config.problems import SPECS
from phi_core.config.yaml_file import read_values
from phi_core.errors import ConfigError
from phi_core.files import read_json, typed_path, write_json
from phi_core.planning.places import state_directory
from phi_tui.draft import Draft, draft_from

MOST_KEPT = 30
MOST_SHOWN = 8
MOST_READ = 40
"""Files of the working folder that are looked into."""
LARGEST_BYTES = 1_000_000
"""A configuration is small: what is larger is something else."""


@dataclass(frozen=True)
class ConfigFile:
    """`path` as it is shown and opened: relative in the working folder. `draft` is what it would make of the form."""

    path: Path
    draft: Draft
    is_recent: bool

    @property
    def row(self) -> str:
        count = len(self.draft.texts)
        lately = "opened lately" if self.is_recent else "in this folder"
        return f"{self.path!s:<40} {count:>3} option{'s' if count != 1 else ' '} · {lately}"


def remember_config(path: Path) -> None:
    """Put a file at the head of the list, unless it is a run's. A disk that refuses costs the memory of it, nothing else."""
    opened = typed_path(str(path)).absolute()
    if (opened.parent / "run.json").exists():
        return  # a run's own record: the Runs tab leads there
    kept = [str(opened), *(other for other in _kept() if other != str(opened))][:MOST_KEPT]
    try:
        _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(_file(), {"configs": kept})
    except OSError:
        return


def config_files() -> tuple[ConfigFile, ...]:
    """The newest first, each once; files that are no configuration are left out."""
    recent = [Path(path) for path in _kept()]
    here = [path.absolute() for path in _here()]
    found = (_read(path, is_recent=path in recent) for path in dict.fromkeys([*recent, *here]))
    return tuple(file for file, _ in zip((file for file in found if file), range(MOST_SHOWN), strict=False))


def _here() -> Iterator[Path]:
    try:
        entries = sorted(path for path in Path().iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError:
        entries = []
    return iter(entries[:MOST_READ])


def _read(path: Path, *, is_recent: bool) -> ConfigFile | None:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return None
        values = read_values(path)
    except (ConfigError, OSError):
        return None
    if not set(values) & set(SPECS):
        return None
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return ConfigFile(shown, draft_from(values)[0], is_recent)


def _kept() -> list[str]:
    content = read_json(_file())
    kept = content.get("configs") if isinstance(content, dict) else None
    return [path for path in kept if isinstance(path, str)] if isinstance(kept, list) else []


def _file() -> Path:
    return state_directory() / "recent.json"
