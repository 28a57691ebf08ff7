"""What `wug` and `python -m wug` start with."""

import os
import sys

from wug.cli import main
from wug.pages import start_again, with_huge_pages


def entry() -> int:
    """Run one command, on huge pages where that pays; returns the exit status."""
    if with_huge_pages(sys.argv[1:], os.environ):
        start_again()
    return main()


if __name__ == "__main__":
    sys.exit(entry())
