"""The one door for developers: run, test, check, bench, build. Any Python from 3.11 on, nothing to install first.

This file keeps to words that every Python 3 understands, so that an old one can still say what is wrong.
"""

import sys

OLDEST = (3, 11)


def main(arguments: "list[str]") -> int:
    """Exit status of the command that ``arguments`` name."""
    if sys.version_info < OLDEST:
        wanted = ".".join(str(part) for part in OLDEST)
        sys.stderr.write("Torchloupe needs Python " + wanted + " or newer, and this is Python " + sys.version.split()[0] + ".\n")
        sys.stderr.write("Run it with a newer one, for instance: python" + wanted + " packaging/dev.py\n")
        return 1
    import tasks

    return tasks.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
