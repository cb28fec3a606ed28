"""A progress bar on standard error."""

from types import TracebackType
from typing import Any, Self


class Progress:
    """A bar by the bytes of the input, with the rows, their rate and the time left; nothing if it is not wanted."""

    def __init__(self, wanted: bool, size: int | None, stream: Any) -> None:
        """size: the bytes of the input; None if it is not known."""
        self._bar: Any = None
        self._rows = 0
        if wanted:
            from tqdm import tqdm  # Half a second to import, so only if it is wanted.

            self._bar = tqdm(total=size, unit="B", unit_scale=True, file=stream, dynamic_ncols=True)

    def show(self, rows: int, position: int) -> None:
        """Moves the bar: so many more rows, and the bytes of the input up to the last of them."""
        if self._bar is None:
            return
        self._rows += rows
        seconds = self._bar.format_dict["elapsed"]
        rate = f", {self._rows / seconds:,.0f} rows/s" if seconds else ""
        self._bar.set_postfix_str(f"{self._rows:,} rows{rate}", refresh=False)
        self._bar.update(position - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
