"""Finds the certificate authorities that this system trusts, because gRPC trusts only a list of its own."""

import ssl
from pathlib import Path


def system_roots() -> bytes | None:
    """The system's roots as PEM; None if there are none, as on Windows, where gRPC then uses its own list.

    They are read from OpenSSL's file (SSL_CERT_FILE), or from its directory (SSL_CERT_DIR) if there is no such file.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        return Path(paths.cafile).read_bytes()
    if paths.capath is not None:
        # OpenSSL reads only files that are named after the hash of their subject, such as 5ed36f99.0.
        return b"\n".join(path.read_bytes() for path in sorted(Path(paths.capath).glob("*.[0-9]"))) or None
    return None
