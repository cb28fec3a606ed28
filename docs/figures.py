"""Writes the figures of models into README.md and docs/training.md.

They come from the bundles in models/, and for other recipes from docs/recipes.json.

python docs/figures.py           makes the tables again
python docs/figures.py BUNDLE    first keeps the figures of a bundle made by another recipe
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from questiontopic_model.bundle import Manifest, read_bundle

ROOT = Path(__file__).resolve().parents[1]
_README, _TRAINING, _RECIPES = ROOT / "README.md", ROOT / "docs" / "training.md", ROOT / "docs" / "recipes.json"
_DEFAULT = "usem3"
_WHAT = {
    "ensemble": "the next two answer together: the most accurate, [`ensemble`](../models/ensemble/README.md)",
    "distilled": "encoder's layers and head, taught by MiniLMs on 44,000 unlabelled questions: the default, [`usem3`]"
    "(../models/usem3/README.md)",
    "minilm": "fine-tuned MiniLMs averaged, English only: [`minilm`](../models/minilm/README.md)",
    "finetuned": "encoder's layers and head together, on the labelled questions alone",
    "head": "better head on the frozen encoder",
    "original": "the article's: its cleaning, frozen encoder, Dense 256-256-6 (198,662 parameters)",
}


def main() -> None:
    """Reads bundles' folders from the command line."""
    kept = json.loads(_RECIPES.read_text("utf-8"))
    for folder in sys.argv[1:]:
        manifest = read_bundle(Path(folder)).manifest
        kept[manifest.training["recipe"]] = _figures(manifest)
    lines = ",\n".join(f"  {json.dumps(recipe)}: {json.dumps(figures)}" for recipe, figures in kept.items())
    _RECIPES.write_text(f"{{\n{lines}\n}}\n", "utf-8")

    paths = sorted(ROOT.glob("models/*/manifest.json"))  # Alone, because the ensemble's folder has no members.
    committed = [Manifest.from_json(json.loads(path.read_text("utf-8"))) for path in paths]
    found = kept | {manifest.training["recipe"]: _figures(manifest) for manifest in committed}
    (default,) = (manifest for manifest in committed if manifest.name == _DEFAULT)
    _write(_README, "accuracy", _accuracy(default))
    _write(_TRAINING, "recipes", _recipe_table({name: found[name] for name in _WHAT if name in found}))
    _write(_TRAINING, "robustness", _robustness_table(committed))
    _write(_TRAINING, "beyond", _beyond_table(default))


def _figures(manifest: Manifest) -> dict[str, Any]:
    metrics = manifest.metrics

    def level(name: str) -> list[float] | None:
        key = f"test_{name}_accuracy"
        return [metrics[f"{key}_mean"], metrics[f"{key}_std"]] if f"{key}_mean" in metrics else None

    return {"coarse": level("coarse"), "fine": level("fine"), "seeds": int(metrics["seeds"])}


def _accuracy(manifest: Manifest) -> str:
    bundle = [f"{100 * manifest.metrics[f'test_{level}_accuracy']:.1f} %" for level in ("coarse", "fine")]
    mean = [f"{100 * value:.1f} %" for value in _test(manifest).values()]
    return (
        f"The default bundle gets {bundle[0]} of the 500 TREC-10 test questions right with "
        f"{len(manifest.coarse_labels)} topics, and {bundle[1]} with {len(manifest.fine_labels)}. "
        f"The mean of {manifest.metrics['seeds']:.0f} seeds is {mean[0]} and {mean[1]}."
    )


def _recipe_table(recipes: dict[str, dict[str, Any]]) -> str:
    head = ["| recipe | what | TREC-6, % | TREC-50, % | seeds |", "| --- | --- | --- | --- | --- |"]
    rows = [
        f"| `{name}` | {_WHAT[name]} | {_spread(of, 'coarse')} | {_spread(of, 'fine')} | {of['seeds']} |"
        for name, of in recipes.items()
    ]
    return "\n".join(head + rows)


def _robustness_table(bundles: list[Manifest]) -> str:
    measured = [manifest for manifest in bundles if manifest.evaluation]
    names = [manifest.name for manifest in measured]
    head = [f"| what users do | {' | '.join(f'`{name}`' for name in names)} |", "| --- |" + " --- |" * len(names)]
    rows = [("as in TREC", [_percent(_test(manifest)) for manifest in measured])]
    for disturbance in measured[0].evaluation["robustness"] if measured else ():
        found = [manifest.evaluation["robustness"][disturbance] for manifest in measured]
        if len({one.get("draws", 1) for one in found}) > 1:
            raise SystemExit(f"{disturbance}: not drawn equally often for all bundles; train them all again")
        rows.append((disturbance, [_percent(one["accuracy"]) for one in found]))
    return "\n".join(head + [f"| {name} | {' | '.join(values)} |" for name, values in rows])


def _beyond_table(manifest: Manifest) -> str:
    """What was measured beyond TREC's questions."""
    evaluation, head = manifest.evaluation, ["| measured on | result |", "| --- | --- |"]
    typed = evaluation["typed"]
    name = f"our own {typed['questions']:.0f} typed questions, TREC-6 / TREC-50"
    rows = [(name, f"{100 * typed['coarse']:.1f} / {100 * typed['fine']:.1f} %")]
    for collection, languages in evaluation["translations"].items():
        shares = {code: 100 * one["agreement"] for code, one in languages.items() if code in manifest.languages}
        lowest, *_ = sorted(shares, key=lambda code: shares[code])
        rows.append(
            (
                f"`{collection}`: translations that get the topic of the English text, {len(shares)} languages",
                f"mean {sum(shares.values()) / len(shares):.1f} %, lowest `{lowest}` {shares[lowest]:.1f} %",
            )
        )
    for pair, found in evaluation["none_of_these"].items():
        result = f"AUROC {found['auroc']:.3f}, {100 * found['false_positive_rate']:.1f} % let through at 95 % kept"
        rows.append((f"none of these: {pair}", result))
    return "\n".join(head + [f"| {name} | {result} |" for name, result in rows])


def _test(manifest: Manifest) -> dict[str, float]:
    return {level: manifest.metrics[f"test_{level}_accuracy_mean"] for level in ("coarse", "fine")}


def _percent(accuracy: dict[str, float]) -> str:
    return " / ".join(f"{100 * value:.1f}" for value in accuracy.values())


def _spread(recipe: dict[str, Any], level: str) -> str:
    """Mean and deviation in percent; of one seed there is no deviation."""
    if not recipe[level]:
        return ""
    mean, deviation = recipe[level]
    return f"{100 * mean:.1f} ± {100 * deviation:.1f}" if recipe["seeds"] > 1 else f"{100 * mean:.1f}"


def _write(file: Path, name: str, content: str) -> None:
    """Puts the content between the two comments of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, found, rest = file.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"{file}: no place for {name}")
    file.write_text(f"{before}{begin}{content}\n{end}{after}", "utf-8")


if __name__ == "__main__":
    main()
