"""The reference of all training options as Markdown, from their declarations.

`python -m phi_core.config.reference > docs/configuration.md` writes it; a test compares the file with the code.
"""

from phi_core.config.option import OptionSpec, shown
from phi_core.config.problems import SPECS

HEADER = """# Configuration

Every option of `phi train` and `phi plan`. The same names stand in a YAML file (`learning_rate: 1e-4`), as flags
(`--learning_rate 1e-4`, `-` and `_` both accepted) and in the app's form. Precedence: flag or form field, then the
file, then the default. `none` stands for no value where the default column shows it.

This file is written by `python -m phi_core.config.reference`.
"""


def reference() -> str:
    groups = dict.fromkeys(spec.group for spec in SPECS.values())
    return "\n".join([HEADER, *(_group(name) for name in groups)])


def _group(name: str) -> str:
    rows = [_row(spec) for spec in SPECS.values() if spec.group == name]
    return "\n".join([f"## {name}\n", "| option | default | meaning |", "|---|---|---|", *rows, ""])


def _row(spec: OptionSpec) -> str:
    choices = f" One of {', '.join(f'`{choice}`' for choice in spec.choices)}." if spec.choices else ""
    return f"| `{spec.name}` | `{shown(spec.default) or 'none'}` | {spec.explanation}.{choices} |"


if __name__ == "__main__":
    print(reference(), end="")
