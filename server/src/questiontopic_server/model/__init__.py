"""The model: what is loaded (a bundle), how texts become numbers (an encoder) and what computes (a runtime).

Nothing here knows gRPC. Training imports this package to prepare and encode texts exactly as serving does.
"""

from .bundle import Bundle, BundleError, read_bundle
from .manifest import FineLabel, Golden, Manifest
from .topic_model import Probabilities, TopicModel, load_topic_model

__all__ = [
    "Bundle",
    "BundleError",
    "FineLabel",
    "Golden",
    "Manifest",
    "Probabilities",
    "TopicModel",
    "load_topic_model",
    "read_bundle",
]
