"""Dialogs over the tabs: help, confirm, ask for a line."""
