"""Whether a port may be had, asked before anything is started; and the name people reach it by."""

import errno
import socket
import time

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 -- compared with, not listened on


def is_free(host: str, port: int) -> bool:
    """Whether we could listen there now. Raises OSError when the host is not an address of this machine."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: connections of a server just stopped, still in TIME_WAIT, do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if isinstance(error, PermissionError) or error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def wait_until_free(host: str, port: int, patience_seconds: float) -> bool:
    """`is_free`, asked again for a while: the processes of a killed run may still be going down."""
    deadline = time.monotonic() + patience_seconds
    while not (free := is_free(host, port)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return free


def base_url(host: str, port: int) -> str:
    """Where a browser on this machine finds what listens on host and port."""
    name = WILDCARDS.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"
