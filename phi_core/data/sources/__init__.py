"""Sources: what a person names as a dataset, found and read row by row, a bounded piece in memory at a time."""
