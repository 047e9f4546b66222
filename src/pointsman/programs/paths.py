"""Whether a program on the file system may run: every check that has to look at files.

Knows: policy, argv. Must not know: jobs, processes. What was checked is what is executed: `find_program` gives the file with all
links resolved. Between the two, only somebody who may write in an allowed directory could swap it, and nobody else can.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pointsman.programs.argv import Refusal
from pointsman.programs.policy import ProgramPolicy


def program_fault(path: str, policy: ProgramPolicy) -> str | None:
    """Why the program at `path` could not run on this machine, as a sentence, or None when it could."""
    found = find_program(path, policy)
    return found.reason if isinstance(found, Refusal) else None


def find_program(path: str, policy: ProgramPolicy) -> Path | Refusal:
    """The file to execute for `path`, its links resolved.

    Both the name and the file that it leads to must lie inside the allowed directories: a link elsewhere could be turned around,
    and some programs load what lies beside the name that they were called by.
    """
    if "\0" in path or not os.path.isabs(path):
        return Refusal(
            f"expected an absolute path to a program, found {path!r}; write it from the root, such as /usr/local/bin/name"
        )
    try:
        named = Path(os.path.realpath(os.path.dirname(path), strict=True), os.path.basename(path))
        file = Path(os.path.realpath(path, strict=True))
        mode = os.stat(path).st_mode
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Refusal(f"expected a program at {path}, found none ({reason}); install it or correct the path")
    fault = _place_fault(path, named, file, policy) or _file_fault(path, file, mode) or _openness_fault(path, file, mode)
    return Refusal(fault) if fault else file


def _place_fault(path: str, named: Path, file: Path, policy: ProgramPolicy) -> str | None:
    allowed = [Path(os.path.realpath(directory)) for directory in policy.directories]
    for place in (named, file):
        if not any(place.is_relative_to(directory) for directory in allowed):
            where = path if str(place) == path else f"{path}, which is {place}"
            names = ", ".join(map(str, policy.directories)) or "(none)"
            return (
                f"expected a program inside {names}, found {where}; move it there, or add its directory to programs.directories"
            )
    return None


def _file_fault(path: str, file: Path, mode: int) -> str | None:
    if stat.S_ISDIR(mode):
        return f"expected {path} to be a program, found a directory; name the program in it"
    if not stat.S_ISREG(mode):
        return f"expected {path} to be a regular file, found something else ({stat.filemode(mode)}); correct the path"
    if not os.access(file, os.X_OK):
        return f"expected {path} to be executable by this worker, found mode {stat.S_IMODE(mode):04o}; allow it with chmod +x"
    return None


def _openness_fault(path: str, file: Path, mode: int) -> str | None:
    """Whether just anybody could put another program there. A sticky directory keeps others' hands off what lies in it."""
    if mode & stat.S_IWOTH:
        return f"expected {path} to be writable by its owner only, found it writable by everybody; take that away with chmod o-w"
    for directory in file.parents:
        above = directory.stat().st_mode
        if above & stat.S_IWOTH and not above & stat.S_ISVTX:
            return f"expected {directory}, where {path} lies, not to be writable by everybody; take that away with chmod o-w"
    return None
