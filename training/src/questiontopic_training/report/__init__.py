"""Reports for people, each as one HTML file: what a bundle gets right and wrong, and how two bundles differ.

Bundles are loaded as the server loads them. Models are trained only for a learning curve.
"""
