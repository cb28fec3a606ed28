"""Makes HTML pages from templates. All values are escaped, and figures are part of the file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..evaluation.wording import points

_LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "th": "Thai",
    "tr": "Turkish",
    "vi": "Vietnamese",
    "zh": "Chinese",
    "zh-TW": "Chinese (Taiwan)",
}


def render(template: str, values: dict[str, Any]) -> str:
    """The page from a template of this folder, for example `report`."""
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": lambda value: "–" if value is None else f"{value:.1%}",
        "points": points,
        "figure": lambda value: "–" if value is None else f"{value:.3f}",
        "image": _image,
        "language": lambda code: _LANGUAGES.get(code, code),
        "interval": lambda share: "{:.1%} to {:.1%}".format(*share.interval),
    }
    return environment.get_template(f"{template}.html.j2").render(values)


def write(text: str, path: Path) -> None:
    """Writes a file and makes its folder if it does not exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _image(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
