"""The command line: a front end without logic of its own. Each command is imported when it is called."""
