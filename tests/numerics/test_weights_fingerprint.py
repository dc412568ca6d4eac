"""A base is known by its weights: a change anywhere in them is another base, also far from both ends of a file."""

from pathlib import Path

import pytest

from phi_core.models.base import NUM_PIECES, PIECE_BYTES, weights_fingerprint

SMALL, LARGE = 3 * PIECE_BYTES, 2 * NUM_PIECES * PIECE_BYTES


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_changed_piece_is_found_wherever_it_is_looked_for(tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(bytes(size))
    seen = {weights_fingerprint(tmp_path)}
    for place in (0, size // 2, size - 1):
        with path.open("r+b") as file:
            file.truncate(size)
            file.seek(place - place % PIECE_BYTES)
            file.write(bytes([1]) * min(2 * PIECE_BYTES, size - place + place % PIECE_BYTES))
        seen.add(weights_fingerprint(tmp_path))
        path.write_bytes(bytes(size))
    assert len(seen) == 4


def test_any_byte_of_a_small_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(bytes(SMALL))
    before = weights_fingerprint(tmp_path)
    with path.open("r+b") as file:
        file.seek(SMALL // 2 + 7)
        file.write(b"\x01")
    assert weights_fingerprint(tmp_path) != before


def test_the_size_counts(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(SMALL))
    before = weights_fingerprint(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(bytes(SMALL + 1))
    assert weights_fingerprint(tmp_path) != before
