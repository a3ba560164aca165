"""Files that an account names: keys, certificates, templates. Small and regular ones; nothing else is read, for a
device or a pipe never ends. What stands in them is the provider's."""

import errno
import os
import stat


def read_account_file(path: str, most: int) -> bytes:
    """What the file holds. Raises OSError with a `strerror` to show: it cannot be read, is no regular file, or has more
    than `most` bytes."""
    try:
        # without waiting for somebody to write into a pipe
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError:  # a NUL character, or one that no file name can have
        raise OSError(errno.EINVAL, "no name of a file") from None
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        held = file.read(most + 1)
    if len(held) > most:
        raise OSError(errno.EFBIG, f"larger than {most} bytes")
    return held
