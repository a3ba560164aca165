"""`clarion vapid`: a new key pair for Web Push."""

from base64 import urlsafe_b64encode
from typing import Annotated

import typer


def vapid(
    subject: Annotated[
        str, typer.Option(help="Where push services can reach you: mailto:somebody@your.domain or an https URL.")
    ] = "mailto:ops@example.com",
) -> None:
    """Make a VAPID key pair for Web Push. Keep the private key: browsers subscribed with it know no other."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = ec.generate_private_key(ec.SECP256R1())
    private = _text(key.private_numbers().private_value.to_bytes(32, "big"))
    public = _text(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    typer.echo(f"Public key, for browsers (also at /api/v1/push/webpush-key):\n  {public}")
    typer.echo(f"Start Clarion with\n  CLARION_PUSH='webpush://?private_key={private}&subject={subject}'")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
