"""Opening a connection: greeting, EHLO, TLS, credentials. Afterwards it is ready for the first MAIL."""

import asyncio
import base64
import socket
import ssl

from clarion.contract.faults import Misconfigured, Unreachable
from clarion.providers.smtp.account import SmtpAccount, TlsMode
from clarion.providers.smtp.connection import Connection, ConnectionLost, Reply, ReplyTimeout


async def open_connection(account: SmtpAccount, tls: ssl.SSLContext) -> Connection:
    """A connection that may send. Raises Unreachable or Misconfigured; nothing is left open then."""
    connection = Connection(timeout=account.timeout)
    try:
        await _connect(connection, account, tls)
        await _greet(connection, account)
        await _secure(connection, account, tls)
        await _authenticate(connection, account)
    except ssl.SSLCertVerificationError as error:
        connection.abort()
        raise Misconfigured("the mail server's certificate could not be verified; ca= names its issuer") from error
    except UnicodeError as error:
        connection.abort()
        raise Misconfigured("the mail server's name is not a host name") from error
    except (OSError, ConnectionLost, ReplyTimeout) as error:
        connection.abort()
        raise Unreachable(f"the mail server could not be reached: {type(error).__name__}") from error
    except BaseException:
        connection.abort()
        raise
    return connection


async def _connect(connection: Connection, account: SmtpAccount, tls: ssl.SSLContext) -> None:
    implicit = account.tls is TlsMode.IMPLICIT
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(account.timeout):
        await loop.create_connection(
            lambda: connection,
            account.host,
            account.port,
            ssl=tls if implicit else None,
            server_hostname=account.host if implicit else None,
        )


async def _greet(connection: Connection, account: SmtpAccount) -> None:
    greeting = await connection.reply()
    if greeting.code != 220:
        raise Unreachable(f"the mail server does not want to talk: {greeting.shown}")
    await _hello(connection, account)


async def _hello(connection: Connection, account: SmtpAccount) -> None:
    reply = await connection.ask(f"EHLO {_own_name(connection, account)}")
    if reply.code in (500, 502):  # a server before 1995 says so; it has no extensions then
        reply = await connection.ask(f"HELO {_own_name(connection, account)}")
    if reply.code != 250:
        raise Unreachable(f"the mail server refuses the greeting: {reply.shown}")
    connection.features = _features(reply)


def _features(reply: Reply) -> dict[str, str]:
    """EHLO keyword → parameters; the first line is the server's name."""
    features: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.strip().partition(" ")
        keyword, _, old_style = keyword.partition("=")  # AUTH=LOGIN, as some Exchange servers still write
        features[keyword.upper()] = f"{parameters} {old_style}".strip().upper()
    return features


def _own_name(connection: Connection, account: SmtpAccount) -> str:
    name = account.ehlo or socket.gethostname()
    if "." in name:
        return name
    address = connection.local_address()
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


async def _secure(connection: Connection, account: SmtpAccount, tls: ssl.SSLContext) -> None:
    offered = "STARTTLS" in connection.features
    if account.tls is TlsMode.STARTTLS and not offered:
        raise Misconfigured("tls=starttls is required but the mail server does not offer it")
    if account.tls in (TlsMode.IMPLICIT, TlsMode.NONE) or not offered:
        return
    reply = await connection.ask("STARTTLS")
    if reply.code != 220:
        raise Unreachable(f"the mail server refuses STARTTLS: {reply.shown}")
    await connection.start_tls(tls, account.host)
    await _hello(connection, account)


async def _authenticate(connection: Connection, account: SmtpAccount) -> None:
    if not account.username:
        return
    encrypted = connection.is_encrypted
    if not encrypted and not account.auth_plaintext:
        raise Misconfigured("the password would go in the clear: use tls=starttls or implicit, or auth_plaintext=yes")
    mechanisms = connection.features.get("AUTH", "").split()
    if "PLAIN" in mechanisms:
        reply = await connection.ask(f"AUTH PLAIN {_base64(_plain(account))}")
    elif "LOGIN" in mechanisms:
        reply = await _login(connection, account)
    else:
        raise Misconfigured("the mail server offers neither AUTH PLAIN nor LOGIN, but the URL has a user name")
    if reply.code == 235:
        return
    if reply.code // 100 == 4:
        raise Unreachable(f"the mail server cannot check the password now: {reply.shown}")
    raise Misconfigured(f"the mail server refuses user or password: {reply.shown}")


async def _login(connection: Connection, account: SmtpAccount) -> Reply:
    reply = await connection.ask("AUTH LOGIN")
    for answer in (account.username, account.password):
        if reply.code != 334:
            return reply
        reply = await connection.ask(_base64(answer))
    return reply


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def _plain(account: SmtpAccount) -> str:
    return f"\0{account.username}\0{account.password}"
