"""The one format of log lines, of the server and of its model's process."""

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
