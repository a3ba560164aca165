"""A few open connections, kept between batches. How mails go over them is the conversation's."""

import asyncio
import ssl

from clarion.providers.smtp.account import SmtpAccount
from clarion.providers.smtp.connection import Connection
from clarion.providers.smtp.greeting import open_connection


class Pool:
    """The idle connections of one account on one loop; those in use belong to their user."""

    def __init__(self, account: SmtpAccount, tls: ssl.SSLContext) -> None:
        self._account = account
        self._tls = tls
        self._idle: list[Connection] = []
        self._closed = False

    async def acquire(self) -> Connection:
        """An idle connection that still stands, else a new one. Raises Unreachable or Misconfigured."""
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_timer is not None:
                connection.idle_timer.cancel()
                connection.idle_timer = None
            if connection.is_usable:
                return connection
            connection.abort()
        return await open_connection(self._account, self._tls)

    def release(self, connection: Connection) -> None:
        """Keep it for the next batch, or part with it when it is used up or gone."""
        used_up = connection.messages >= self._account.max_messages
        if not connection.is_usable:
            connection.abort()
        elif self._closed or used_up or len(self._idle) >= self._account.connections or not self._account.idle:
            connection.quit()
        else:
            loop = asyncio.get_running_loop()
            connection.idle_timer = loop.call_later(self._account.idle, self._expire, connection)
            self._idle.append(connection)

    def _expire(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        connection.quit()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().quit()
