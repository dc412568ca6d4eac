"""Datasets before they are tokens: files, record formats, checks, the split into training and validation."""
