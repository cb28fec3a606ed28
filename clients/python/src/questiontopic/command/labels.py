"""Prints the labels of the model and what they stand for."""

from collections.abc import Iterator

from questiontopic.command.output import json_string, squeeze
from questiontopic.v1.topic_pb2 import DescribeModelResponse


def label_lines(described: DescribeModelResponse, output: str) -> Iterator[str]:
    """A line for every label, each coarse label before its fine ones. output: table or jsonl."""
    labels = list(_in_order(described))
    width = max(map(len, ["LABEL", *labels]))
    if output == "table":
        yield f"{'LABEL':<{width}}  DESCRIPTION\n"
    for label in labels:
        description = described.label_descriptions.get(label, "")
        if output == "table":
            yield f"{label:<{width}}  {squeeze(description)}\n"
        else:
            yield f'{{"label":{json_string(label)},"description":{json_string(description)}}}\n'


def _in_order(described: DescribeModelResponse) -> Iterator[str]:
    for coarse in described.coarse_labels:
        yield coarse
        yield from (fine.name for fine in described.fine_labels if fine.coarse == coarse)
