"""Checks the manifests of deploy/kubernetes as strictly as an API server: unknown fields, types, references."""
