"""Courses of a run as pure functions of progress: learning rate, batch, dropout, weight decay. No optimizer, no torch."""
