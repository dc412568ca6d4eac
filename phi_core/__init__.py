"""phi_core: fine-tuning runs as data, and the workers that carry them out.

Importing this package loads nothing else. The rooms are described in docs/architecture.md.
"""

__version__ = "0.1.0"
