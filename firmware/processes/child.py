"""Child: becomes a package's process that gets SIGTERM when the host dies (PR_SET_PDEATHSIG, then exec).

`python -I -S child.py HOST_PID PROGRAM ARGS...` imports nothing of ours. A program of its own, because a fork hook in the
host could deadlock with the host's threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Sets the death signal, makes sure that the host did not die before that, and becomes the program."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
    os.execv(sys.argv[2], sys.argv[2:])


main()
