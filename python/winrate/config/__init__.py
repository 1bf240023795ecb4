"""The files of a user's own, which `CONFIG` and `MAPPING` name: read, and checked."""
