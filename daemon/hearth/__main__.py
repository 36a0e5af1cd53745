"""`python -m hearth` is the command `hearth`."""

from hearth.cli import main

if __name__ == "__main__":
    main()
