"""The golden ratio, in the one place where it is defined."""

import math

GOLDEN_RATIO = (1 + math.sqrt(5)) / 2
"""φ: φ² = φ + 1, 1/φ = φ − 1."""
