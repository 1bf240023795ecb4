"""Reads an export: columns, cells, mappings, and where a build comes from."""
