"""msgspec's types are made ready before there are threads: see contract/structs.py."""

import subprocess
import sys

import msgspec

from clarion.contract.structs import make_structs_ready

RACE = """
import sys, threading, msgspec
from clarion.contract.structs import make_structs_ready
sys.setswitchinterval(1e-6)
fields = [(f"a{n}", str | None, None) for n in range(20)]
kinds = []
for number in range(100):
    inner = [msgspec.defstruct(f"Inner{number}_{n}", fields) for n in range(10)]
    kinds.append(msgspec.defstruct(f"Outer{number}", [(f"f{n}", kind | None, None) for n, kind in enumerate(inner)]))
make_structs_ready()
for kind in kinds:
    threads = [threading.Thread(target=msgspec.json.decode, args=(b'{"f9":{"a3":"x"}}',), kwargs={"type": kind})
               for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


class Plain(msgspec.Struct):
    """A type like any other."""

    name: str


class NotForJson(msgspec.Struct):
    """One that no decoder can be made for."""

    thing: subprocess.Popen  # type: ignore[type-arg]


def test_every_struct_is_made_ready_and_what_cannot_be_is_left() -> None:
    before = make_structs_ready()
    assert before > 0

    class Later(msgspec.Struct):
        number: int

    assert make_structs_ready() == before + 1
    assert msgspec.json.decode(b'{"number":1}', type=Later).number == 1


def test_threads_that_decode_a_type_for_the_first_time_at_once_do_not_crash() -> None:
    result = subprocess.run([sys.executable, "-c", RACE], capture_output=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
