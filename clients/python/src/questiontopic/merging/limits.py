"""The bounds of merged calls, and what the merging has done."""

from dataclasses import dataclass
from typing import NamedTuple

from questiontopic.request import MAX_TEXTS


@dataclass(frozen=True)
class Merging:
    """Makes a client send calls of few texts together: for programs that ask many single questions at the same time.

    There is no timer, so a lone question loses nothing: a question that finds fewer than `in_flight` calls under way
    leaves at once, and what is asked meanwhile leaves together. This holds for `predict_topic` with at most 16 texts.
    Only questions with the same label level and model share a call.

    Each caller keeps its own timeout, cancellation and errors: a text that the server refuses fails its own call only.
    The deadline of a merged call is the latest of its callers' deadlines, and it is cancelled when all of them have
    left. Raises ValueError for a bound out of range.
    """

    in_flight: int = 4
    """The number of merged calls under way at the same time."""
    texts: int = 32
    """The largest number of texts in a merged call, at most 512."""
    waiting: int = 16_384
    """The largest number of texts that wait for their turn. A call beyond it fails at once with RESOURCE_EXHAUSTED."""

    def __post_init__(self) -> None:
        for name in ("in_flight", "texts", "waiting"):
            if getattr(self, name) < 1:
                raise ValueError(f"Merging: {name} must be at least 1, not {getattr(self, name)}")
        if self.texts > MAX_TEXTS:
            raise ValueError(f"Merging: texts must be at most {MAX_TEXTS}, not {self.texts}")


class MergingStats(NamedTuple):
    """What the merging of a client has done so far, and what it does now."""

    calls: int = 0
    """The merged calls that were sent, including repetitions without a text that was refused."""
    texts: int = 0
    """The texts in these calls. texts / calls is the mean size of a call."""
    waiting: int = 0
    """The texts that wait now."""
    in_flight: int = 0
    """The merged calls that are under way now."""
