"""Learning-rate curves as pure functions of progress. No optimizer, no torch."""
