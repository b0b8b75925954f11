"""Where the frozen app begins: the same as ``python -m torchloupe``."""

import sys

from torchloupe.__main__ import main

sys.exit(main())
