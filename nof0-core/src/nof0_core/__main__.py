"""`python -m nof0_core` is the `nof0` command."""

from nof0_core.cli import main

if __name__ == "__main__":
    main()
