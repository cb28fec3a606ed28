"""Who may call, and how the transport is protected."""
