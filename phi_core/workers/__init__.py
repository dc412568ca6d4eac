"""Entry points of worker processes: `python -m phi_core.workers.<name>`. Imported by nobody."""

import logging

# PEFT imports bitsandbytes where it is installed, which then speaks of a kernel package that nobody needs.
logging.getLogger("bitsandbytes").setLevel(logging.CRITICAL)
