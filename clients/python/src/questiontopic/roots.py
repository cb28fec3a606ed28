"""Finds the certificate authorities that this system trusts: gRPC by itself brings its own list and ignores them."""

import ssl
from pathlib import Path


def system_roots() -> bytes | None:
    """The system's roots as PEM, from where OpenSSL looks: the file (SSL_CERT_FILE), else the directory (SSL_CERT_DIR).

    None where there is neither, as on Windows: gRPC then falls back to its own list.
    """
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        return Path(paths.cafile).read_bytes()
    if paths.capath is not None:
        # OpenSSL reads only files that are named by the hash of their subject, such as 5ed36f99.0.
        return b"\n".join(path.read_bytes() for path in sorted(Path(paths.capath).glob("*.[0-9]"))) or None
    return None
