"""Child: becomes a package's process that gets SIGTERM when the host dies (PR_SET_PDEATHSIG, then exec), within limits.

`python -I -S child.py HOST_PID PROGRAM ARGS...` imports nothing of ours. A program of its own, because a fork hook in the
host could deadlock with the host's threads. Every process of a package begins as this one: the modules ctypes and signal, and what
they import, would double what it needs to start.
"""

import _ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG, SIGTERM = 1, 15
LIMITS = ((resource.RLIMIT_NOFILE, 4096), (resource.RLIMIT_CORE, 0))
"""Open files: a thousand recorders and room to spare. A core file would lie among the package's signed files."""


def main() -> None:
    """Sets the death signal, makes sure that the host did not die before that, and becomes the program."""
    libc = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # what this process has loaded
    _ctypes.call_function(_ctypes.dlsym(libc, "prctl"), (PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0))
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
    for what, most in LIMITS:
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    os.execv(sys.argv[2], sys.argv[2:])


main()
