"""The subcommand `questiontopic label`: labels the rows of a table."""
