"""Files that accounts name: a device, a pipe or a flood is refused in words, whichever provider reads it."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from clarion.config import wiring
from clarion.contract.account import parse_account_url
from clarion.contract.account_file import read_account_file
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.registry import Registry
from clarion.testing.host import MemoryHost

NAMERS = [
    pytest.param(ChannelKey.PUSH, "fcm://{}".format, id="fcm"),
    pytest.param(ChannelKey.PUSH, "apns://{}?key_id=ABCDEFGHIJ&team_id=ABCDEFGHIJ&topic=a.b".format, id="apns"),
    pytest.param(
        ChannelKey.EMAIL, "smtp://h?dkim_selector=a&dkim_key={}&from=a@example.com".format, id="smtp dkim_key"
    ),
    pytest.param(ChannelKey.EMAIL, "smtp://h?ca={}&from=a@example.com".format, id="smtp ca"),
    pytest.param(ChannelKey.SMS, "httpsms://h/?template={}".format, id="httpsms template"),
]


@pytest.mark.parametrize(("channel", "url"), NAMERS)
@pytest.mark.parametrize("kind", ["device", "pipe", "folder", "flood", "nul"])
def test_what_is_no_small_file_is_refused_at_once(
    kind: str, channel: ChannelKey, url: Callable[[str], str], tmp_path: Path
) -> None:
    path = {"device": "/dev/zero", "nul": "/a\0b", "folder": str(tmp_path)}.get(kind, str(tmp_path / kind))
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "flood":
        with Path(path).open("wb") as file:
            file.truncate(2**40)
    with pytest.raises(Misconfigured) as refused:
        Registry(wiring.PROVIDERS).open(parse_account_url(url(quote(path))), channel, MemoryHost().host())
    assert path not in str(refused.value)


def test_a_file_of_just_the_size_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"x" * 10)
    assert read_account_file(str(path), 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than 9 bytes"):
        read_account_file(str(path), 9)


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    """As container secrets are mounted."""
    (tmp_path / "key").write_bytes(b"k")
    (tmp_path / "link").symlink_to("key")
    assert read_account_file(str(tmp_path / "link"), 10) == b"k"
