"""The run directory: the contract between a worker, which writes it, and everyone else, who reads it."""
