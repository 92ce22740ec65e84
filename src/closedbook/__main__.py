"""`python -m closedbook`, for machines where the `closedbook` script is not on the path."""

from closedbook.cli import main

if __name__ == "__main__":
    main()
