"""The routes below /api, one file per subject."""
