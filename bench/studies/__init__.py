"""Single questions about the server or its model, each answered by a measurement."""
