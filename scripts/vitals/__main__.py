"""`python -m vitals` is `vitals`."""

from vitals.cli import main

if __name__ == "__main__":
    main()
