"""The proxy of the experiments: invisible, until it is told to cut."""

import socket
from collections.abc import Iterator
from random import Random

import pytest

from clarion.testing.cutting_proxy import CuttingProxy
from clarion.testing.smtp_sink import SmtpSink


class Fixed(Random):
    """Cuts after ten bytes."""

    def randrange(self, *_: object) -> int:  # type: ignore[override]
        return 10


@pytest.fixture
def proxy() -> Iterator[CuttingProxy]:
    with SmtpSink() as sink, CuttingProxy(sink.port, Fixed()) as proxy:
        yield proxy


def read_line(connection: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\n") and (more := connection.recv(1024)):
        found += more
    return found


def test_bytes_pass_both_ways(proxy: CuttingProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        assert read_line(connection) == b"220 sink\r\n"
        connection.sendall(b"NOOP\r\n")
        assert read_line(connection) == b"250 2.0.0 Ok\r\n"
    assert proxy.cuts == 0


def test_a_connection_is_cut_after_its_bytes_in_the_middle_of_a_command(proxy: CuttingProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        assert read_line(connection) == b"220 sink\r\n"
        proxy.cutting = True
        connection.sendall(b"MAIL FROM:<ann@example.com>\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1024)
    assert proxy.cuts == 1


def test_it_is_invisible_again_when_told_to(proxy: CuttingProxy) -> None:
    proxy.cutting = True
    proxy.cutting = False
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        assert read_line(connection) == b"220 sink\r\n"
