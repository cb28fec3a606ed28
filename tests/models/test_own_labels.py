"""A file of one's own labels becomes a served bundle: real command, real server, real client."""

from __future__ import annotations

import csv
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from server_process import ROOT, ServerProcess

from questiontopic import TopicClient
from questiontopic_model.bundle import read_bundle
from questiontopic_training.data.files import read_questions

VERBS = {
    "book": ("book", "reserve", "arrange"),
    "cancel": ("cancel", "call off", "drop"),
    "price": ("tell me the price of", "how much is", "what does it cost to get"),
    "move": ("postpone", "put off to another day", "change the date of"),
    "rate": ("review", "give five stars to", "complain about"),
}
THINGS = {
    "flight": ("a flight to {}", "a plane ticket to {}", "an airline seat to {}"),
    "hotel": ("a hotel room in {}", "a place to sleep in {}", "two nights in a hotel in {}"),
    "restaurant": ("dinner in {}", "a restaurant table in {}", "a meal for two in {}"),
    "concert": ("a concert in {}", "tickets for live music in {}", "a seat at the opera of {}"),
    "doctor": ("a doctor's appointment in {}", "a visit to the dentist in {}", "a medical check in {}"),
    "car": ("a rental car in {}", "a car hire in {}", "a small van for a day in {}"),
}
CITIES = ("Oslo", "Lima", "Cairo", "Kyoto", "Quito", "Boston", "Delhi", "Perth", "Milan", "Accra")
OPENINGS = ("", "please ", "could you ", "I want to ", "help me to ", "I would like to ")
ENDINGS = ("", " please", " for my sister", " next week", " as soon as possible", " on Friday", "?", ".")


def said(intent: str, chance: random.Random) -> str:
    verb, thing = intent.split("_")
    asked = f"{chance.choice(VERBS[verb])} {chance.choice(THINGS[thing]).format(chance.choice(CITIES))}"
    return f"{chance.choice(OPENINGS)}{asked}{chance.choice(ENDINGS)}"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "label"])
def test_the_samples_of_the_training_page_are_read(tmp_path: Path, kind: str) -> None:
    (sample,) = re.findall(
        rf"^```{kind}\n(.*?)^```$", (ROOT / "docs" / "training.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    path = tmp_path / f"sample.{kind}"
    path.write_text(sample, "utf-8")
    questions = list(read_questions(path))
    assert questions
    assert {question.fine for question in questions} <= {"delivery", "refund"}


def test_thirty_intents_in_a_csv_become_a_served_bundle(tmp_path: Path) -> None:
    chance = random.Random(5)
    intents = [f"{verb}_{thing}" for verb in VERBS for thing in THINGS]
    trained = {said(intent, chance): intent for _ in range(60) for intent in intents}
    rows = [(text, one) for one in intents for text in [t for t, i in trained.items() if i == one][:40]]
    assert len(rows) == 1200
    with (tmp_path / "intents.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    (tmp_path / "labels.csv").write_text("label,description\nbook_hotel,wishes for a room\n", "utf-8")
    bundle = tmp_path / "intents"
    files = f"--data {tmp_path}/intents.csv --descriptions {tmp_path}/labels.csv"
    options = f"--recipe head --epochs 10 --folds 3 --jobs 1 {files}"
    command = [sys.executable, "-m", "questiontopic_training", "train", *options.split(), "--output", str(bundle)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    manifest = read_bundle(bundle).manifest
    assert manifest.name == "intents"
    assert manifest.coarse_labels == tuple(sorted(intents))
    assert manifest.metrics["cross_validation_coarse_accuracy_mean"] > 0.9

    asked = {text: intent for _ in range(20) for intent in intents if (text := said(intent, chance)) not in trained}
    assert len(asked) > 300
    with ServerProcess(bundle) as server, TopicClient.plaintext(server.address) as client:
        assert dict(client.describe_model().label_descriptions) == {"book_hotel": "wishes for a room"}
        answers = [
            prediction.coarse.top_topic
            for start in range(0, len(asked), 256)
            for prediction in client.predict_topic([*asked][start : start + 256]).predictions
        ]
    right = sum(answer == intent for answer, intent in zip(answers, asked.values(), strict=True))
    assert right / len(asked) >= 0.9
