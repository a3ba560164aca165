"""This side's hold on the process that makes previews: started at the first need, and again when it is gone."""

import atexit
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
END_SECONDS = 3.0
"""For the process to end by itself once it is let go; then it is killed."""
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
            with self._reached() as connection:
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

    def _reached(self) -> socket.socket:
        try:
            return self._connection()
        except OSError as error:
            log.error("preview_server_unreachable", error=type(error).__name__)
            message = "previews cannot be made just now: their process does not start"
            raise InputError("preview_unavailable", message, status=503) from error

    def _connection(self) -> socket.socket:
        """Our end of a connection whose other end the next child has."""
        ours, theirs = socket.socketpair()
        ours.settimeout(ANSWER_SECONDS)
        try:
            with theirs, self._lock:
                try:
                    socket.send_fds(self._running(), [b"j"], [theirs.fileno()])
                except OSError:
                    self._forget()
                    socket.send_fds(self._running(), [b"j"], [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        return ours

    def _running(self) -> socket.socket:
        if self._socket is not None and self._owner == os.getpid():
            return self._socket
        self._forget()  # of the process that we were forked from, if any
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # and no secrets
            command = [sys.executable, "-m", _CHILD]
            process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment)
        self._socket, self._process, self._owner = ours, process, os.getpid()
        ours.settimeout(START_SECONDS)
        try:
            ready = ours.recv(1) == b"r"
        except OSError:
            ready = False
        if not ready:
            process.kill()
            self._forget()
            raise OSError("the process that makes previews did not start")
        ours.settimeout(ANSWER_SECONDS)  # one that takes no more jobs is as good as gone
        log.info("preview_server_started", pid=process.pid)
        return ours

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()  # it ends when it reads this
        if self._process is not None and self._owner == os.getpid():
            try:
                self._process.wait(timeout=END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._socket = self._process = None


server = PreviewServer()
atexit.register(server.stop)
