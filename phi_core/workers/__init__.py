"""Entry points of worker processes: `python -m phi_core.workers.<name>`. Imported by nobody."""
