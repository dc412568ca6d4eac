"""Names of what the local hub cache holds: models and datasets. Looks at folders only, without the network."""

from pathlib import Path

from phi_core.model_files.folder import hub_cache


def cached_models() -> tuple[str, ...]:
    """Hub ids of models with files here, by name."""
    return _names("models")


def cached_datasets() -> tuple[str, ...]:
    """Hub ids of datasets with files here, by name."""
    return _names("datasets")


def _names(kind: str) -> tuple[str, ...]:
    try:
        folders = [path for path in hub_cache().iterdir() if path.name.startswith(f"{kind}--")]
    except OSError:
        return ()
    held = (path for path in folders if _has_files(path))
    return tuple(sorted(path.name.removeprefix(f"{kind}--").replace("--", "/") for path in held))


def _has_files(folder: Path) -> bool:
    """Whether a snapshot holds anything: an interrupted download leaves an empty folder."""
    try:
        return any(any(snapshot.iterdir()) for snapshot in (folder / "snapshots").iterdir())
    except OSError:
        return False
