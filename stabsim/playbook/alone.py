"""One call of a training function in a process of its own: ``python -m stabsim.playbook.alone``."""

import sys
from pathlib import Path

from stabsim.playbook.runs import series_of, write_log


def main(call: str, out: str) -> None:
    """Calls the pickled function with its arguments, and writes what it returned as a log."""
    import cloudpickle

    train, arguments = cloudpickle.loads(Path(call).read_bytes())
    write_log(Path(out), *series_of(train(**arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
