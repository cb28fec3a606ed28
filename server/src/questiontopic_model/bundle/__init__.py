"""A bundle: the folder that holds a trained model, and its manifest. Importing this package loads no numpy."""

from .bundle import Bundle, BundleError, read_bundle
from .manifest import FineLabel, Golden, Manifest, NoneOfThese

__all__ = [
    "Bundle",
    "BundleError",
    "FineLabel",
    "Golden",
    "Manifest",
    "NoneOfThese",
    "read_bundle",
]
