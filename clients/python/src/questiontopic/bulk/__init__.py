"""Any number of texts as several calls at once.

`batch` and `stream` know what is to be asked and what an answer or an error means. They make no calls: `threads` does
so for `TopicClient`, and `tasks` for `AsyncTopicClient` and the command.
"""
