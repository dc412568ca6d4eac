"""Measurements. Each prints its figures and writes them as JSON with machine and versions when asked to."""
