"""python -m book: build the site; serve: the same, and serve it; bundle: pack it; pdf: print it;
hashes: which translations are stale; notebooks: write them; tasks: write the exercises for
assignments; check: hold the compiled labs against JAX, and list those that were; record: run the
sweeps that pages show and that are not recorded.
"""

import argparse
from pathlib import Path


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m book", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("bundle", help="pack the built site for a room without internet")
    commands.add_parser("pdf", help="print each language's book as one PDF")
    served = commands.add_parser(
        "serve", help="build what has changed, and serve the site meanwhile"
    )
    served.add_argument("--port", type=int, default=8000)
    hashes = commands.add_parser("hashes", help="list the stale sections of the translations")
    hashes.add_argument(
        "--accept", type=Path, metavar="FILE", help="FILE has been brought up to date"
    )
    notebooks = commands.add_parser("notebooks", help="write every chapter as a notebook")
    notebooks.add_argument("folder", type=Path, help="gets a folder for each language")
    commands.add_parser("check", help="hold every compiled lab against JAX, and list them")
    commands.add_parser("record", help="record the sweeps that pages show, where they changed")
    commands.add_parser("tasks", help="write the exercises that assignments are made of")
    arguments = parser.parse_args()
    if arguments.command == "hashes":
        from book import languages

        raise SystemExit(languages.report(arguments.accept))
    if arguments.command == "bundle":
        from book import bundle

        archive = bundle.pack()
        print(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB")
        return
    if arguments.command == "pdf":
        from book import browser, pdf

        with browser.opened() as chromium:
            for file in pdf.make(chromium):
                print(f"{file}: {file.stat().st_size / 2**20:.1f} MiB")
        return
    if arguments.command == "notebooks":
        from book import notebooks as written

        written.main(arguments.folder)
        return
    if arguments.command == "tasks":
        from book import tasks

        tasks.write()
        return
    if arguments.command == "record":
        from book import recording

        recording.record()
        return
    if arguments.command == "check":
        from book import lab_programs, labs
        from stabsim.labs import LABS

        labs.share_programs()
        lab_programs.record(LABS.values())
        return
    # Only here, since the check of the languages needs neither Sphinx nor Node.
    from book import preview, site

    if arguments.command == "serve":
        preview.serve(arguments.port)
    else:
        site.build()


if __name__ == "__main__":
    main()
