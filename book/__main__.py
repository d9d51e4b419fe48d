"""python -m book: build the site; python -m book hashes: which translations are stale."""

import argparse
from pathlib import Path


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m book", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    hashes = commands.add_parser("hashes", help="list the stale sections of the translations")
    hashes.add_argument(
        "--accept", type=Path, metavar="FILE", help="FILE has been brought up to date"
    )
    arguments = parser.parse_args()
    if arguments.command == "hashes":
        from book import languages

        raise SystemExit(languages.report(arguments.accept))
    # Only here, since the check of the languages needs neither Sphinx nor Node.
    from book import site

    site.build()


if __name__ == "__main__":
    main()
