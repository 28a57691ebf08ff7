"""`python -m wug` is `wug`."""

import sys

from wug.cli import main

if __name__ == "__main__":
    sys.exit(main())
