"""The base model and the form that its frozen weights have."""

from pydantic import BaseModel

from phi_core.config.option import option
from phi_core.config.words import DeviceName, Dtype, Quantization


class ModelOptions(BaseModel):
    """Part of `TrainingConfig`."""

    model_name: str = option(
        "microsoft/phi-2", "Base model: hub id or local folder", group="Model", path="model"
    )
    model_revision: str | None = option(
        None, "Revision of a hub model: branch, tag or commit", group="Model", level="advanced"
    )
    dtype: Dtype = option(
        "auto",
        "Precision of the frozen base weights; auto: bfloat16 on CUDA where supported, else float32",
        group="Model",
        level="advanced",
    )
    quantization: Quantization = option(
        "none",
        "Frozen base weights in 8 bits, or in 4 (NF4 with double quantisation); needs the extra `quant`",
        group="Model",
    )
    device: DeviceName = option("auto", "Where to train", group="Model", level="advanced")
    trust_remote_code: bool = option(
        False, "Run Python code that comes with the model", group="Model", level="advanced"
    )
