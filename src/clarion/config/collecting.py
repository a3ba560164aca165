"""How often Python looks for garbage in circles, in the processes that serve and deliver.

What is loaded at start stays for good, so it is frozen out of every look; batches of hundreds of values are no sign of
garbage, so looks are rare. Measured in docs/decisions/0013-hot-values.md: a fifth of a worker's time.
"""

import gc

LOOK_AFTER = (50_000, 50, 100)


def settle_down() -> None:
    """To be called once, when a process has loaded what it needs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*LOOK_AFTER)
