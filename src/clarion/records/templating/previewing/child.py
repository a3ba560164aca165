"""The process that makes previews: it waits for jobs and forks a child for each, which has limits and ends with it.

Started by `server.py` with a socket as its standard input and without secrets in its environment. A job comes as the
descriptor of a connection of its own, so several run side by side and one that is killed leaves the others alone.
"""

import contextlib
import gc
import os
import resource
import signal
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.records.templating.previewing.render import render_job
from clarion.records.templating.previewing.wire import (
    MOST_JOB,
    Broken,
    Job,
    pack_answer,
    read,
    unpack_job,
    write,
)

WALL_SECONDS = 1.6
CPU_SECONDS = 2
MORE_BYTES = 160 * 2**20
"""What a child may take beside what it inherits."""
UNKNOWN_BYTES = 2**30
_WARM: Mapping[str, str] = {
    "subject": "{{ greeting }} {{ 2|plural(one='item', other='items') }}",
    "html": "{{ now|datetime }} {{ now|date('full') }} {{ 1.5|currency('EUR') }} {{ 2|number }} {{ now|time_ago }}",
}
_WARM_LOCALES = ("en", "sw", "fr")


def main() -> None:
    """Serve until the other end of standard input is closed."""
    with socket.socket(fileno=0) as server:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends our parent, and its end ends us
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no child is waited for
        _warm_up()
        server.sendall(b"r")
        while True:
            try:
                given, descriptors, _, _ = socket.recv_fds(server, 1, 1)
            except OSError:
                return
            if not given:
                return
            for descriptor in descriptors:
                _fork(server, descriptor)


def _fork(server: socket.socket, descriptor: int) -> None:
    if os.fork():
        os.close(descriptor)
        return
    try:
        server.close()
        with contextlib.suppress(OSError, Broken), socket.socket(fileno=descriptor) as connection:
            _limit()
            job = unpack_job(read(connection, MOST_JOB))
            answer = render_job(job)
            write(connection, pack_answer(msgspec.structs.replace(answer, peak_bytes=_peak())))
    finally:
        os._exit(0)


def _limit() -> None:
    """From here on the kernel ends this process when it takes too long, and refuses it memory and files."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    for kind, amount in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, _size() + MORE_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        # macOS knows a limit of the address space and does not take it; the engine's own budget holds there
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (amount, amount))


def _size() -> int:
    """Bytes of address space in use."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return UNKNOWN_BYTES  # no /proc: macOS, which does not keep to this limit anyway


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _warm_up() -> None:
    """What the first preview would have to load is loaded once, and shared by all children."""
    for locale in _WARM_LOCALES:
        context: dict[str, object] = {"now": datetime(2026, 1, 1, tzinfo=UTC), "locale": locale, "timezone": "UTC"}
        render_job(
            Job(
                channel=ChannelKey.EMAIL,
                source=dict(_WARM),
                theme="",
                context=context,
                data={},
                locale="",
                language=locale,
            )
        )
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
