"""The texts of a bundle's self-check: our own questions, of every topic and in several languages and spellings."""

GOLDEN_TEXTS = (
    "What does the abbreviation CPU stand for?",
    "Why do leaves change colour in autumn?",
    "Which instrument has black and white keys ?",
    "who painted the ceiling of that chapel",
    "¿Dónde está la biblioteca?",
    "What is your salary?",
    "Wie viele Monde hat der Jupiter?",
    "这座桥是什么时候建成的？",
)
