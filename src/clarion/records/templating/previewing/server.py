"""This side's hold on the process that makes previews: started at the first need, and again when it is gone."""

import os
import socket
import subprocess
import sys
from threading import BoundedSemaphore, Lock

import structlog

from clarion.contract.input_error import InputError
from clarion.records.templating.previewing import wire

AT_ONCE = 4
"""Previews in the making in one process; a fifth waits, for a moment."""
QUEUE_SECONDS = 1.0
START_SECONDS = 20.0
ANSWER_SECONDS = 1.9
"""A little more than the child has: what ends it is the kernel."""
_CHILD = "clarion.records.templating.previewing.child"

log = structlog.get_logger()


class Ended(Exception):
    """The child was ended by its limits."""


class PreviewServer:
    """Thread-safe. `ask` is the whole of it."""

    def __init__(self) -> None:
        self._room = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._owner = 0

    def ask(self, job: wire.Job) -> wire.Answer:
        """The answer, within two seconds. Raises Ended when the limits ended the child, InputError when too many
        previews run at once, or where previews cannot be made."""
        if not hasattr(os, "fork"):
            raise InputError("preview_unavailable", "previews need an operating system with fork", status=501)
        if not self._room.acquire(timeout=QUEUE_SECONDS):
            raise InputError("preview_busy", "too many previews at once: try again in a second", status=429)
        try:
            with self._connection() as connection:
                wire.write(connection, wire.pack_job(job))
                return wire.unpack_answer(wire.read(connection, wire.MOST_ANSWER))
        except (wire.Broken, OSError) as error:
            raise Ended from error
        finally:
            self._room.release()

    def stop(self) -> None:
        """End the process; the next `ask` starts another. For tests and orderly ends."""
        with self._lock:
            self._forget()

    def _connection(self) -> socket.socket:
        """Our end of a connection whose other end the next child has."""
        ours, theirs = socket.socketpair()
        ours.settimeout(ANSWER_SECONDS)
        with theirs, self._lock:
            try:
                socket.send_fds(self._running(), [b"j"], [theirs.fileno()])
            except OSError:
                self._forget()
                socket.send_fds(self._running(), [b"j"], [theirs.fileno()])
        return ours

    def _running(self) -> socket.socket:
        if self._socket is not None and self._owner == os.getpid():
            return self._socket
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # and no secrets
            command = [sys.executable, "-m", _CHILD]
            self._process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment)
        ours.settimeout(START_SECONDS)
        if ours.recv(1) != b"r":
            raise OSError("the process that makes previews did not start")
        ours.settimeout(None)
        self._socket, self._owner = ours, os.getpid()
        log.info("preview_server_started", pid=self._process.pid)
        return ours

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()  # it ends when it reads this
        if self._process is not None and self._owner == os.getpid():
            self._process.wait(timeout=START_SECONDS)
        self._socket = self._process = None


server = PreviewServer()
