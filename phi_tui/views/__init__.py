"""The four tabs: each one Container that shows what services tell it."""
