"""Reports for people: what a bundle gets right and wrong, and how two bundles differ, each as one HTML file.

It trains nothing, except for a learning curve that was asked for; it loads bundles as the server does.
"""
