"""The guide: chapters to be read inside the app and by `phi guide`."""
