"""The first thing a child process runs: give up root, ask to be told when the supervisor dies, become the program.

Run as a file with `python -I -S`, so it imports only the standard library, and only its quick parts. A preexec_fn would
do the same in a forked copy of a process that has threads, which Python does not promise to survive.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def become(argv: list[str]) -> None:
    """argv: parent's pid, signal at the parent's death, uid or -1, gid or -1, then the program and its arguments."""
    parent, death_signal, uid, gid = (int(word) for word in argv[:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        os.environ.pop("HOME", None)
    if sys.platform == "linux":
        # After setuid, which clears it; execve keeps it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the supervisor died before we asked
            sys.exit(1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores these, and ignoring is inherited
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(argv[4], argv[4:], os.environ)
    except OSError as error:
        sys.stderr.write(f"cannot start {argv[4]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    become(sys.argv[1:])
