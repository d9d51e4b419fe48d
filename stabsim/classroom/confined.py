"""A kernel that can harm nothing: ``python -m stabsim.classroom.confined -f CONNECTION``.

Linux's Landlock takes from this process, and from all that it starts, the right to write anywhere
but in a scratch folder, to read outside of the Python installation and the system, to open
connections and to signal other processes. Nothing gives such a right back.

https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import resource
import site
import sys
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path

SCRATCH = "STABSIM_SCRATCH"
"""The environment variable that names the one folder to write in."""

CREATE, ADD, RESTRICT = 444, 445, 446
"""Landlock's system calls, with the same numbers on every architecture."""

VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38
CONNECT_TCP = 2
ABSTRACT_SOCKETS, SIGNALS = 1, 2

NETWORK, SCOPES = 4, 6
"""The versions from which Landlock knows of connections, and of signals."""

NEEDED = 3
"""The least version that controls all ways to change a file's contents."""

FILE_SIZE = 64 << 20
MEMORY = 8 << 30
"""The most bytes that a file may have, and a process may hold."""


class Right(IntFlag):
    """What Landlock can take away, on files."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14


READ = Right.READ_FILE
ONE_FILE = Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE
CHANGE = (
    Right.WRITE_FILE | Right.REMOVE_DIR | Right.REMOVE_FILE | Right.MAKE_CHAR | Right.MAKE_DIR
    | Right.MAKE_REG | Right.MAKE_SOCK | Right.MAKE_FIFO | Right.MAKE_BLOCK | Right.MAKE_SYM
    | Right.REFER | Right.TRUNCATE
)  # fmt: skip
"""Names of files may be listed anywhere, for Python looks for its modules in folders."""


class Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def version() -> int:
    """Which Landlock this machine has; 0 if none."""
    if sys.platform != "linux":
        return 0
    return max(0, ctypes.CDLL(None).syscall(CREATE, None, ctypes.c_size_t(0), VERSION))


def confine(writable: Iterable[Path], readable: Iterable[Path]) -> None:
    """From now on write and read only beneath these, and never connect or signal.

    Args:
        writable: folders and devices to read and write.
        readable: folders and files to read.
    Raises:
        OSError: if this machine cannot do it.
    """
    have = version()
    if have < NEEDED:
        raise OSError(f"Landlock {NEEDED} or newer is needed; this machine has {have}.")
    wanted = Ruleset(
        READ | CHANGE,
        CONNECT_TCP if have >= NETWORK else 0,
        ABSTRACT_SOCKETS | SIGNALS if have >= SCOPES else 0,
    )
    rules = _call(CREATE, ctypes.byref(wanted), ctypes.c_size_t(ctypes.sizeof(wanted)), 0)
    for paths, rights in ((writable, READ | CHANGE), (readable, READ)):
        for path in paths:
            _allow(rules, path, rights)
    if ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError("This process cannot give up new privileges.")
    _call(RESTRICT, rules, 0)
    os.close(rules)


def _allow(rules: int, path: Path, rights: Right) -> None:
    if not path.exists():
        return
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = PathBeneath(rights if path.is_dir() else rights & ONE_FILE, place)
    _call(ADD, rules, PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(place)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def readable() -> list[Path]:
    """The system, Python and its packages, and stabsim; neither homes nor courses."""
    system = ["/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev"]
    python = [sys.prefix, sys.base_prefix, *site.getsitepackages(), site.getusersitepackages()]
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    own = Path(__file__).parents[1]
    return [*map(Path, (*system, *python, *packages)), own]


def main() -> None:
    """Confine this process, then be an ordinary IPython kernel."""
    from ipykernel.kernelapp import launch_new_instance

    import stabsim.classroom.student  # noqa: F401, so that no cell waits for JAX to load

    connection = Path(sys.argv[sys.argv.index("-f") + 1])
    limits = {
        resource.RLIMIT_FSIZE: FILE_SIZE, resource.RLIMIT_DATA: MEMORY, resource.RLIMIT_CORE: 0
    }  # fmt: skip
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))
    writable = [Path(os.environ[SCRATCH]), Path("/dev/null")]
    confine(writable, [*readable(), connection])
    launch_new_instance()


if __name__ == "__main__":
    main()
