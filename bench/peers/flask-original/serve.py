"""The way of the original system: Flask's own server, which loads the model anew for every request.

python serve.py BUNDLE PORT
"""

from __future__ import annotations

import sys
from pathlib import Path

from flask import Flask, request

from questiontopic_model.bundle import read_bundle
from questiontopic_model.loading import load_topic_model


def make_app(bundle: Path) -> Flask:
    """Makes the application."""
    app = Flask(__name__)

    @app.post("/predict")
    def predict() -> dict[str, list[list[float]]]:
        model = load_topic_model(read_bundle(bundle), "auto", Path(".cache"), threads=1)
        return {"confidences": model.predict(request.get_json()["texts"]).coarse.tolist()}

    return app


if __name__ == "__main__":
    make_app(Path(sys.argv[1])).run(host="127.0.0.1", port=int(sys.argv[2]))
