"""The words that options take, each list once: configuration, data, samples, flags and forms read them from here."""

from typing import Literal

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Quantization = Literal["none", "8bit", "4bit"]

FormatName = Literal[
    "prompt/response",
    "instruction/input/output",
    "messages",
    "conversations",
    "question/answer",
    "text",
]
FormatChoice = Literal["auto", FormatName]
TextUnit = Literal["auto", "line", "paragraph"]
OnBadRecord = Literal["error", "skip"]
Mixture = Literal["concatenated", "sequential", "proportional", "weighted", "golden"]
Truncation = Literal["cut_end", "cut_start", "drop"]
PromptFormatChoice = Literal["auto", "chat_template", "instruct", "phi3", "alpaca", "chatml", "raw"]
TrainOn = Literal["answer", "last_answer", "all"]
Acceptable = Literal["cut_answers", "dropped", "overlap"]
RecordOrder = Literal["shuffled", "as_given", "shortest_first"]
RecordWeights = Literal["equal", "fibonacci"]

Goal = Literal[
    "attention",
    "concepts",
    "knowledge",
    "correction",
    "fluency",
    "domain",
    "reasoning",
    "structure",
    "personas",
]
"""What an adapter is for: the nine goals of the layer guide."""
LoraInit = Literal["default", "pissa", "pissa_fast", "olora"]

Schedule = Literal[
    "constant",
    "linear",
    "cosine",
    "cosine_restarts",
    "golden_decay",
    "golden_power_decay",
    "golden_cosine",
    "golden_restarts",
]
WarmupShape = Literal["linear", "golden"]
DropoutSchedule = Literal["constant", "golden"]
WeightDecaySchedule = Literal["constant", "golden"]
BatchGrowth = Literal["none", "golden", "golden_phases"]
Optimizer = Literal[
    "adamw", "adamw_8bit", "paged_adamw", "paged_adamw_8bit", "lion", "lion_8bit", "paged_lion_8bit"
]

OnLossSpike = Literal["warn", "pause", "stop"]
OnOutOfMemory = Literal["adapt", "fail"]
Sharding = Literal["none", "fsdp", "zero2", "zero3"]
Launcher = Literal["local", "slurm"]
