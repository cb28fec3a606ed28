"""Compares our server with other servers that have the same model, and with other versions of itself."""
