"""Every screen at three sizes, as text that is kept beside this file: what a person would see, to the last character.

PHI_WRITE_SNAPSHOTS=1 pytest tests/phi_tui/test_snapshots.py writes them anew; read the difference before it is kept.
"""

from pathlib import Path

import pytest
from scenes import SCENES, Scene, engine, runner_lock
from snapshots import SNAPSHOTS, look
from stillness import held_still

from phi_tui.app import PhiApp

PAIRS = [
    pytest.param(scene, size, id=f"{scene.name}-{size[0]}x{size[1]}")
    for scene in SCENES
    for size in scene.sizes
]


@pytest.mark.parametrize(("scene", "size"), PAIRS)
async def test_screens_are_as_they_were(folder: Path, scene: Scene, size: tuple[int, int]) -> None:
    with held_still() as clock, runner_lock():
        scene.build(clock)
        app = PhiApp(Path("runs"), tab=scene.tab)
        app.engine_factory = engine  # type: ignore[attr-defined]
        async with app.run_test(size=size) as pilot:
            differences = await look(pilot, scene.name, size, scene.shots)
    assert not differences, "\n".join(differences)


def test_nothing_is_kept_that_no_scene_shows() -> None:
    wanted = {f"{scene.name}-{width}x{height}.txt" for scene in SCENES for width, height in scene.sizes}
    assert {file.name for file in SNAPSHOTS.glob("*.txt")} == wanted
