"""Processes: start, ask and find workers; an engine behind a pipe."""
