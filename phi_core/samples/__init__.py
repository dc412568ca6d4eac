"""Records as tokens: prepared once, cut to length, looked at, and judged before a run starts."""
