import pytest

from questiontopic_model.encoders.minilm import resources
from questiontopic_model.encoders.wordpiece import WordPiece, read_wordpiece

# The pieces of the library tokenizers 0.23.3 with the package's tokenizer.json.
EXPECTED = {
    "Where do you live?": [2073, 2079, 2017, 2444, 1029],
    "What's the name of Nebraska's capital?": [2054, 1005, 1055, 1996, 2171, 1997, 8506, 1005, 1055, 3007, 1029],
    "unbelievably counterproductive": [4895, 8671, 2666, 3567, 6321, 4675, 21572, 26638],
    "na\xefve Caf\xe9 \xc0\xc9\xce": [15743, 7668, 29347, 2072],
    "\u60a8\u73b0\u5728\u5728\u54ea\u91cc\u5de5\u4f5c\uff1f": [100, 100, 100, 100, 100, 1962, 100, 100, 1994],
    "\u0413\u0434\u0435 \u0442\u044b \u0436\u0438\u0432\u0451\u0448\u044c?": [
        1183,
        29742,
        15290,
        1197,
        29113,
        1186,
        10325,
        25529,
        15290,
        29753,
        23742,
        1029,
    ],
    "\u0391\u03a3 \u03b1\u03c2": [1155, 29733, 1155, 19579],
    "\uff21\uff22\uff23\uff11\uff12": [100],
    "$5^2~`|<=>+ a_b": [1002, 1019, 1034, 1016, 1066, 1036, 1064, 1026, 1027, 1028, 1009, 1037, 1035, 1038],
    "a\tb\nc\xa0d\u200be\x00f\ufffd": [1037, 1038, 1039, 13366],
    "emoji \U0001f600 x\xb2": [7861, 29147, 2072, 100, 1060, 10701],
    "\xab\xbf\xa1\u2014\u2026\u201c\u201d": [1077, 1094, 1067, 1517, 1529, 1523, 1524],
    "x" * 100: [22038, *[20348] * 49],
    "x" * 101: [100],
    "": [],
}


@pytest.fixture(scope="module")
def wordpiece() -> WordPiece:
    return read_wordpiece(resources() / "vocab.txt")


@pytest.mark.parametrize("text", EXPECTED)
def test_pieces_are_those_of_the_library_tokenizers(wordpiece: WordPiece, text: str) -> None:
    assert wordpiece.encode(text) == EXPECTED[text]
