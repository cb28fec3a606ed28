"""Questions with and without labels: read from files, checked and split."""
