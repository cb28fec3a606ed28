"""Runs a cell of a notebook."""

from __future__ import annotations

import ast
import asyncio
import types


def run_cell(source: str) -> None:
    """Runs source as a notebook does: `await` stands outside of functions, in an event loop that already runs."""
    code = compile(source, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    asyncio.run(types.FunctionType(code, {})())
