"""`python -m phi_core` is the command line."""

from phi_core.cli.main import main

if __name__ == "__main__":
    main()
