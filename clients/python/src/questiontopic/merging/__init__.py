"""Many questions of few texts leave together as few calls of many texts: bounds, counts, and how it works.

`merger` keeps the questions that wait and gives each its part of an answer. It makes no calls: `threads` does so for
`TopicClient`, and `tasks` for `AsyncTopicClient`.
"""

from questiontopic.merging.limits import Merging, MergingStats

__all__ = ["Merging", "MergingStats"]
