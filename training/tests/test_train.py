from pathlib import Path

import pytest

from questiontopic_model.bundle import read_bundle
from questiontopic_training.__main__ import main
from questiontopic_training.train import folds_for, seeds_from


def test_options_that_do_not_fit_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = ["--output", str(tmp_path / "bundle")]
    assert main(["train", "--data", str(tmp_path), "--test", "t.csv", *output]) == 1
    assert "with --test, --data must be a file" in capsys.readouterr().err
    assert main(["train", "--data", str(tmp_path), "--descriptions", "d.csv", *output]) == 1
    assert "with --descriptions, --data must be a file" in capsys.readouterr().err
    path = tmp_path / "own.csv"
    path.write_text(OWN)
    for wrong, reason in (
        (["--recipe", "minilm", "--balance", "0.5"], "the recipe minilm has no --balance"),
        (["--recipe", "ensemble", "--encoder", "usem3"], "the recipe ensemble takes no --encoder"),
    ):
        assert main(["train", "--data", str(path), *wrong, *output]) == 1
        assert reason in capsys.readouterr().err
    for wrong in (["--folds", "2"], ["--balance", "1.5"]):
        with pytest.raises(SystemExit):
            main(["train", "--data", "a.csv", *wrong, *output])


OWN = "text,label\n" + "".join(f"{word} {n} ?,{word}\n" for word in ("Who", "When") for n in range(9))


@pytest.mark.parametrize("file", ["意图.csv", "—.csv"])
def test_a_file_name_that_gives_no_bundle_name_asks_for_one_before_training(
    tmp_path: Path, hub_folder: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    path = tmp_path / file
    path.write_text(f"{OWN}Who 1 ?,Who\n", "utf-8")  # The repeated row would be warned of.
    command = f"train --recipe head --encoder {hub_folder} --epochs 1 --folds 3 --jobs 1 --output {tmp_path}/bundle"
    assert main([*command.split(), "--data", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"questiontopic_training: {path}: no letter a to z and no digit in the file's name to name the bundle after; "
        'add --name intents, or another name (with make: ARGS="--name intents")\n'
    )


@pytest.mark.parametrize(
    ("file", "options", "name"),
    [("意图.csv", ["--name", "intents"], "intents"), ("Größe 意图-2 .csv", [], "gr-e-2")],
)
def test_the_bundle_is_named_by_the_option_or_after_the_file(
    tmp_path: Path, hub_folder: Path, file: str, options: list[str], name: str
) -> None:
    (tmp_path / file).write_text(OWN, "utf-8")
    command = f"train --recipe head --encoder {hub_folder} --epochs 1 --folds 3 --jobs 1 --output {tmp_path}/bundle"
    assert main([*command.split(), "--data", str(tmp_path / file), *options]) == 0
    assert read_bundle(tmp_path / "bundle").manifest.name == name


def test_only_a_bundle_is_replaced(tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "models" / "usem3").mkdir(parents=True)
    for place in (tmp_path / "models", data_folder / "TREC_10.label"):
        assert main(["train", "--data", str(data_folder), "--output", str(place)]) == 1
        error = capsys.readouterr().err
        expected = f"{place}: not a bundle, so it is not replaced; choose another --output"
        assert error == f"questiontopic_training: {expected}\n"
    assert (tmp_path / "models" / "usem3").is_dir()


def test_an_unwritable_output_is_an_error_of_one_line(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = data_folder / "TREC_10.label" / "bundle"
    assert main(["train", "--data", str(data_folder), "--output", str(place)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_train_writes_a_bundle(
    data_folder: Path, hub_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = f"train --recipe head --encoder {hub_folder} --data {data_folder} --output {tmp_path}/b --epochs 1"
    assert main(arguments.split()) == 0
    assert "not the published file" in capsys.readouterr().err
    assert read_bundle(tmp_path / "b").manifest.training["hyper_parameters"]["epochs"] == 1


@pytest.mark.parametrize("recipe", ["head", "original"])
def test_a_bundle_describes_those_of_its_labels_that_are_described(
    recipe: str, data_folder: Path, hub_folder: Path, tmp_path: Path
) -> None:
    rows = [line.split(maxsplit=1) for line in (data_folder / "train_5500.label").read_text("latin-1").splitlines()]
    (tmp_path / "own.csv").write_text("label,text\n" + "".join(f'{label},"{text}"\n' for label, text in rows))
    (tmp_path / "labels.csv").write_text("label,description\nNUM,numbers\nNUM:date,dates\n")
    files = f"--data {tmp_path}/own.csv --descriptions {tmp_path}/labels.csv --output {tmp_path}/b"
    assert main(f"train --recipe {recipe} --encoder {hub_folder} --epochs 1 --folds 3 {files}".split()) == 0
    manifest = read_bundle(tmp_path / "b").manifest
    described = {"NUM": "numbers"} | ({"NUM:date": "dates"} if manifest.fine_labels else {})
    assert bool(manifest.fine_labels) is (recipe == "head")
    assert manifest.label_descriptions == described


@pytest.mark.parametrize(
    ("first", "count", "seeds"),
    [(1, 1, [1]), (1, 5, [1, 0, 2, 3, 4]), (0, 3, [0, 1, 2]), (7, 3, [7, 0, 1])],
)
def test_the_first_seed_is_the_chosen_one(first: int, count: int, seeds: list[int]) -> None:
    assert seeds_from(first, count) == seeds


def test_own_test_questions_are_measured_with_macro_f1_and_disturbed_only_if_asked(
    tmp_path: Path, hub_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("own.csv", "more.csv"):
        (tmp_path / name).write_text(OWN if name == "own.csv" else OWN.replace(" ?", " then?"))
    command = f"train --recipe head --encoder {hub_folder} --epochs 1 --jobs 1 --output {tmp_path}/bundle"
    files = ["--data", str(tmp_path / "own.csv"), "--test", str(tmp_path / "more.csv")]
    for options, disturbed in (([], False), (["--robustness"], True)):
        assert main([*command.split(), *files, *options]) == 0
        manifest = read_bundle(tmp_path / "bundle").manifest
        assert bool(manifest.evaluation["robustness"]) is disturbed
        assert 0 <= manifest.metrics["test_coarse_macro_f1"] <= 1
        assert 0 <= manifest.metrics["validation_coarse_macro_f1"] <= 1
        assert manifest.metrics["comparison_regression_accuracy"] > 0
    captured = capsys.readouterr()
    assert "trained 1 of 2 models (validation)" in captured.err
    assert "logistic regression on the frozen encoder: " in captured.out
    assert "What to do next:" in captured.out


def test_unlabelled_texts_are_refused_where_nothing_learns_from_them(
    tmp_path: Path, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.csv").write_text(OWN)
    command = f"train --unlabelled {tmp_path}/texts.txt --output {tmp_path}/bundle --data"
    assert main([*command.split(), str(data_folder)]) == 1
    assert "--unlabelled is for your own labels, so --data must be a file" in capsys.readouterr().err
    assert main([*command.split(), str(tmp_path / "own.csv"), "--recipe", "head"]) == 1
    assert "the recipe head takes no --unlabelled; use --recipe finetuned or ensemble" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("--recipe distilled", "the recipe distilled learns from questions like TREC's; for your own labels use"),
        ("--recipe minilm --balance 0.5", "the recipe minilm has no --balance"),
        ("--recipe regression --unlabelled texts.txt", "the recipe regression takes no --unlabelled"),
        ("--recipe regression --epochs 3", "the recipe regression makes no passes, so it takes no --epochs"),
    ],
)
def test_options_that_a_recipe_has_no_use_for_are_refused(
    options: str, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.csv").write_text(OWN)
    command = f"train {options} --output {tmp_path}/bundle --data {tmp_path}/own.csv"
    assert main(command.split()) == 1
    assert error in capsys.readouterr().err


def test_on_own_labels_an_ensemble_puts_regression_on_minilm_beside_the_finetuned_model(tmp_path: Path) -> None:
    for name in ("own.csv", "more.csv"):
        (tmp_path / name).write_text(OWN if name == "own.csv" else OWN.replace(" ?", " then?"))
    files = f"--data {tmp_path}/own.csv --test {tmp_path}/more.csv --output {tmp_path}/bundle"
    assert main(f"train --recipe ensemble --epochs 1 --jobs 1 {files}".split()) == 0
    manifest = read_bundle(tmp_path / "bundle").manifest
    assert manifest.members == ("usem3", "minilm")
    recipes = [read_bundle(tmp_path / "bundle" / name).manifest.training["recipe"] for name in manifest.members]
    assert recipes[0] in ("finetuned", "regression")  # Whichever is better on the held-out rows.
    assert recipes[1] == "regression"
    assert manifest.none_of_these
    assert manifest.metrics["test_coarse_accuracy"] > 0.5


@pytest.mark.parametrize(("rows", "asked", "folds"), [(5000, None, 5), (5001, None, 3), (5001, 7, 7), (100, 4, 4)])
def test_many_rows_have_fewer_folds_unless_others_are_asked_for(rows: int, asked: int | None, folds: int) -> None:
    assert folds_for(rows, asked) == folds
