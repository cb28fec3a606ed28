"""A trained model on disk: the bundle's writer and its model card."""
