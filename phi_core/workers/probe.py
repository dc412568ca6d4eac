"""The probe worker: two real steps on the longest batch, as one JSON document. `python -m phi_core.workers.probe < CONFIG`

Standard input is a configuration in YAML. Standard output holds the document and nothing else: whatever libraries
print goes to standard error. A request that cannot work is a document too, of the form of the engine's errors.
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from phi_core.chat.wire import error_record
from phi_core.config.problems import checked
from phi_core.config.yaml_file import parse_values
from phi_core.errors import PhiError


def main() -> int:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible.split(",")[0]  # with more, transformers would use them all
    document = _document(sys.stdin.read())
    print(json.dumps(document), file=out, flush=True)
    return 0


def _document(text: str) -> dict[str, Any]:
    from phi_core.training.measure import measure  # heavy: imported once the output is safe

    try:
        config = checked(parse_values(text, source="the configuration"))
        with tempfile.TemporaryDirectory(prefix="phi-probe-") as folder:
            return {"event": "measured", **asdict(measure(config, Path(folder)))}
    except PhiError as error:
        return error_record(error)


if __name__ == "__main__":
    sys.exit(main())
