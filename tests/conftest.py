"""What every test shares: no network, a cache of its own, and tiny models made once a session."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_home = TemporaryDirectory(prefix="phi-tests-")
os.environ |= {"HF_HOME": _home.name, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in workers: other processes need the cores too
os.environ.setdefault("OMP_NUM_THREADS", "1")  # test processes and workers share the cores; models are tiny
for _name in ("HF_HUB_CACHE", "HF_MODULES_CACHE", "PHI_RUNS_DIR"):
    os.environ.pop(_name, None)
for _name in ("PHI_CACHE_DIR", "PHI_STATE_DIR", "PHI_CONFIG_DIR"):
    os.environ[_name] = str(Path(_home.name) / _name.lower())

ModelFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """`model_folder("llama", template=…)` is a saved tiny model, the same folder for the same arguments. Read only."""
    made: dict[str, Path] = {}

    def folder(layout: str = "phi", **changes: object) -> Path:
        from tiny_models import save_tiny_model  # heavy: only where a test asks for a model

        key = repr((layout, sorted(changes.items())))
        if key not in made:
            made[key] = save_tiny_model(
                tmp_path_factory.mktemp("model") / f"tiny-{layout}", layout, **changes
            )
        return made[key]

    return folder


@pytest.fixture(scope="session")
def tiny_phi(model_folder: ModelFolder) -> Path:
    """A tiny phi without a chat template."""
    return model_folder("phi")


@pytest.fixture(scope="session")
def tiny_adapter(tiny_phi: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strong random adapter of `tiny_phi`. Read only."""
    from adapters import save_adapter

    return save_adapter(tiny_phi, tmp_path_factory.mktemp("adapter") / "pirate", strength=0.5)


ORDER = ("contracts", "phi_core", "phi_tui", "numerics", "end_to_end")
"""Fast folders first, so that a mistake is heard early."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    items.sort(key=lambda item: ORDER.index(item.path.relative_to(root).parts[0]))
