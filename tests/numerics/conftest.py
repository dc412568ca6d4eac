"""Runs of these tests are about numbers, not about how a process starts: their workers come warm."""

from collections.abc import Iterator
from typing import Any

import pytest
from warm_workers import WORKER, start_warm

from phi_core.jobs import launchers


@pytest.fixture(autouse=True, scope="session")
def warm_workers() -> Iterator[None]:
    start_module = launchers.start_module

    def start(module: str, *arguments: Any, **options: Any) -> Any:
        return (start_warm if module == WORKER else start_module)(module, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launchers, "start_module", start)
        yield
