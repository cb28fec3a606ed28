"""The project's documents: README.md and docs/, with the commands and programs in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from server_process import ROOT

README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """What stands between ```language and ``` in a document."""

    document: Path
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    """The blocks of all documents, in order; only those in these languages, if any are named.

    Without those of docs/clients.md and docs/bulk.md, which have tests of their own.
    """
    found = [
        Block(document, language, text)
        for document in DOCUMENTS
        if document.name not in ("bulk.md", "clients.md")
        for language, text in re.findall(
            r"^```(\w*)\n(.*?)^```$", document.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    return [block for block in found if not languages or block.language in languages]


def commands() -> list[str]:
    """Each line of the blocks of shell commands, once."""
    return list(dict.fromkeys(line for block in blocks("sh") for line in block.text.splitlines()))
