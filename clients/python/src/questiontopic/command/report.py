"""What the command writes to standard error."""

from pathlib import Path
from typing import TextIO

from questiontopic.bulk.batch import Batch
from questiontopic.command.output import squeeze


class Report:
    """Messages of one line each, and the number of texts that have no answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._texts = 0
        self._unanswered = 0

    def note(self, message: str) -> None:
        """Writes the message as one line."""
        print(f"questiontopic: {squeeze(message)}", file=self._stream)

    def hint_at_file(self, text: str) -> None:
        """Says how to classify the lines of a file if text is its path."""
        try:
            is_file = Path(text).is_file()
        except OSError:  # A long text cannot be a path.
            return
        if is_file:
            self.note(f"{text} is a file; to classify its lines: questiontopic < {text}")

    def add(self, batch: Batch, unit: str) -> None:
        """Counts the texts of an answered batch, and writes why a text has no answer.

        unit: what the number of a row counts: text for arguments, line for standard input.
        """
        for row in batch.rows:
            self._texts += not row.blank
            if row.reason:
                self._unanswered += 1
                self.note(f"{unit} {row.number}: {row.reason}")

    def end(self) -> bool:
        """Writes how many texts have no answer, and returns whether every text has one."""
        if self._unanswered:
            verb = "has" if self._unanswered == 1 else "have"
            self.note(f"{self._unanswered} of {self._texts} texts {verb} no answer")
        return not self._unanswered
