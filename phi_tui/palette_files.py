"""What the palette offers of the working folder and the configuration folder: YAML configurations, adapters, presets.

Reads the disk, so it is called in a thread. Knows no widget.
"""

from dataclasses import dataclass
from pathlib import Path

from phi_core.config.problems import SPECS
from phi_core.config.yaml_file import read_values
from phi_core.errors import ConfigError
from phi_core.planning.presets import Preset, presets
from phi_tui.engine_choice import is_adapter

MOST_FILES, MOST_BYTES = 200, 100_000


@dataclass(frozen=True)
class FoundFiles:
    """Paths are relative to the working folder."""

    configs: tuple[Path, ...]
    adapters: tuple[Path, ...]
    presets: tuple[Preset, ...]


def find_files(folder: Path) -> FoundFiles:
    """A folder that cannot be read has nothing."""
    names = _children(folder)
    configs = [path for path in names if path.suffix in (".yaml", ".yml") and _is_config(path)]
    folders = [path for path in names if path.is_dir() and not path.name.startswith(".")]
    below = [path for each in folders for path in _children(each) if path.is_dir()]
    adapters = [path for path in (*folders, *below) if is_adapter(path)]
    return FoundFiles(_named(configs, folder), _named(adapters, folder), presets())


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:MOST_FILES]
    except OSError:
        return []


def _is_config(path: Path) -> bool:
    """Whether it names options of a run; other YAML, such as questions, does not."""
    try:
        return path.stat().st_size <= MOST_BYTES and bool(SPECS.keys() & read_values(path).keys())
    except (OSError, ConfigError):
        return False


def _named(paths: list[Path], folder: Path) -> tuple[Path, ...]:
    return tuple(path.relative_to(folder) for path in paths)
