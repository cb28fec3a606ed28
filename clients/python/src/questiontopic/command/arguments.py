"""What every form of the command needs to read its arguments."""

import argparse
import re
from collections.abc import Callable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that reports wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the process with code 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def decimal(low: float, high: float) -> Callable[[str], float]:
    """Reads a decimal number from low to high."""

    sign = "positive " if low else ""

    def read(argument: str) -> float:
        if not re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", argument) or not low <= float(argument) <= high:
            raise argparse.ArgumentTypeError(f"must be a {sign}decimal number, at most {high:.0f}")
        return float(argument)

    return read


def count(maximum: int) -> Callable[[str], int]:
    """Reads a whole number from 1 to maximum."""

    def read(argument: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", argument) or not 1 <= int(argument) <= maximum:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {maximum}")
        return int(argument)

    return read
