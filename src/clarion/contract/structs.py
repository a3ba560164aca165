"""Making msgspec's types ready while there is one thread.

msgspec (0.22.0) learns what a Struct looks like when it first decodes one, and lets other threads use what it has
learnt half-way: two requests that are the first of their kind at the same moment can crash the process (a null pointer
in json_decode_struct_map_inner; seen on 2026-11-20 in a web process, and repeatable). What is learnt is kept for good.
"""

import msgspec


def make_structs_ready() -> int:
    """Let msgspec learn every Struct that is defined by now; returns how many. Call it before there are threads."""
    ready = 0
    waiting = [msgspec.Struct]
    seen: set[type] = set()
    while waiting:
        for kind in waiting.pop().__subclasses__():
            if kind not in seen:
                seen.add(kind)
                waiting.append(kind)
                ready += _learn(kind)
    return ready


def _learn(kind: type) -> bool:
    try:
        msgspec.json.Decoder(kind)
    except (TypeError, NameError, AttributeError):
        return False  # it cannot be decoded at all: written only, or not meant for JSON
    return True
