"""Shows the progress of many texts as a bar of tqdm on standard error."""

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager


@contextmanager
def progress_bar(wanted: bool, texts: object) -> Iterator[Callable[[], object]]:
    """A function to call after each text. Without a wish for a bar it does nothing, and tqdm is not imported."""
    if not wanted:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=len(texts) if isinstance(texts, Sized) else None, unit=" texts") as bar:
        yield bar.update
