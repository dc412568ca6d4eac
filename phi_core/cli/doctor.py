"""`phi doctor`: what this machine can do. What only torch knows is asked of a worker process."""

import json as json_module
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from phi_core.cli.output import print_json, say
from phi_core.errors import WorkError
from phi_core.files import GIB
from phi_core.jobs.process import start_worker
from phi_core.jobs.training_job import versions
from phi_core.model_files.folder import hub_cache
from phi_core.planning.machine import this_machine
from phi_core.runs.store import runs_root


def doctor(*, json: bool = False, runs_dir: str | None = None) -> int:
    """Devices, memory, kernels, versions, cache and disk.

    Parameters
    ----------
    json
        Print one JSON document.
    runs_dir
        Folder of the runs [default: PHI_RUNS_DIR, else ./runs].
    """
    machine, root = this_machine(), runs_root(runs_dir)
    found = {
        "versions": versions(),
        "cores": machine.cores,
        "memory_free_gib": round(machine.free_gib, 1),
        "memory_total_gib": round(machine.total_gib, 1),
        "gpus": [gpu.__dict__ for gpu in machine.gpus],
        "torch": torch_facts(),
        "hub_cache": str(hub_cache()),
        "hub_cache_models": sum(1 for _ in hub_cache().glob("models--*")),
        "runs": str(root.resolve()),
        "disk_free_gib": round(shutil.disk_usage(_existing(root)).free / GIB, 1),
    }
    if json:
        print_json(found)
    else:
        _print(found)
    return 0


def torch_facts() -> dict[str, Any]:
    """What the doctor worker says: device, dtypes, threads, quantisation. WorkError if it cannot run."""
    with tempfile.NamedTemporaryFile(prefix="phi-doctor-", suffix=".log") as log:
        process = start_worker("doctor", log=Path(log.name), stdout=subprocess.PIPE)
        output, _ = process.communicate(timeout=120)
        if process.returncode:
            raise WorkError(
                f"torch does not work here: {Path(log.name).read_text().strip().splitlines()[-1]}",
                "Install phi again",
            )
    facts: dict[str, Any] = json_module.loads(output)
    return facts


def _existing(path: Path) -> Path:
    return next(folder for folder in (path.resolve(), *path.resolve().parents) if folder.exists())


def _print(found: dict[str, Any]) -> None:
    torch = found["torch"]
    say("versions   " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()))
    say(
        f"cpu        {found['cores']} cores, {found['memory_free_gib']} of {found['memory_total_gib']} GiB free, {torch['cpu_capability']}"
    )
    for gpu in found["gpus"]:
        say(f"gpu        {gpu['name']}, {gpu['free_gib']:.1f} of {gpu['total_gib']:.1f} GiB free")
    if not found["gpus"]:
        say("gpu        none found by the NVIDIA driver")
    say(f"training   on {torch['device']} in {torch['dtype']}, {torch['threads']} threads")
    by = f" (bitsandbytes {torch['bitsandbytes']})" if torch["bitsandbytes"] else ""
    say(f"8-bit      {torch['8bit']}{by}")
    say(f"4-bit      {torch['4bit']}{by}")
    say(f"hub cache  {found['hub_cache']}, {found['hub_cache_models']} models")
    say(f"runs       {found['runs']}, {found['disk_free_gib']} GiB of disk free")
