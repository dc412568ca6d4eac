"""Device and dtype: found where not given; a choice that cannot work is refused with the reason."""

import pytest
import torch

from phi_core.errors import ConfigError
from phi_core.models.device import Device, choose_device


def test_the_cpu_computes_in_float32_unless_asked_otherwise() -> None:
    assert choose_device("cpu") == Device("cpu", torch.float32)
    assert choose_device("cpu", "bfloat16").dtype_name == "bfloat16"


@pytest.mark.parametrize(
    ("device", "dtype", "message"),
    [
        ("cpu", "float16", "float16 on the CPU"),
        ("mps", "auto", "mps is not available here.*cpu"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_reason(device: str, dtype: str, message: str) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(ConfigError, match=rf"(?s){message}"):
        choose_device(device, dtype)


@pytest.mark.parametrize(("has_bfloat16", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_auto_on_a_gpu_is_bfloat16_where_it_has_it(
    has_bfloat16: bool, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU is played here: what torch says of one is given."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bfloat16)
    assert choose_device("auto").dtype_name == dtype
    if not has_bfloat16:
        with pytest.raises(ConfigError, match="this GPU has no bfloat16"):
            choose_device("cuda", "bfloat16")
