from pathlib import Path

from questiontopic_training.data.others import read_others

ROWS = "text,label\nfreeze my card,freeze_account\nwhat does aloof mean,definition\n"


def test_texts_that_ask_for_a_topic_are_no_examples_but_measure(tmp_path: Path) -> None:
    (tmp_path / "clinc150_train.csv").write_text(ROWS, "utf-8")
    (tmp_path / "clinc150_test.csv").write_text(ROWS, "utf-8")
    found = read_others(tmp_path)
    assert found.texts == ("freeze my card",)
    assert found.test == ("freeze my card", "what does aloof mean")
    assert found.warnings == ()
    assert found.description["others"]["clinc150_train.csv"]["rows"] == 1


def test_a_missing_file_is_left_out_with_a_warning(tmp_path: Path) -> None:
    found = read_others(tmp_path)
    assert (found.texts, found.test) == ((), ())
    assert not found.description["others"]["clinc150_train.csv"]["used"]
    assert "clinc150_train.csv: missing" in found.warnings[0]
    assert "clinc150_test.csv: missing" in found.warnings[1]
