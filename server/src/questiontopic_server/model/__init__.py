"""The model: what is loaded (a bundle), how texts become numbers (an encoder) and what computes (a runtime).

Nothing here knows gRPC. Training imports this package to prepare and encode texts exactly as serving does. Importing
it loads no numpy: what a bundle says is read without; `topic_model` computes.
"""

from .bundle import Bundle, BundleError, read_bundle
from .manifest import FineLabel, Golden, Manifest

__all__ = [
    "Bundle",
    "BundleError",
    "FineLabel",
    "Golden",
    "Manifest",
    "read_bundle",
]
