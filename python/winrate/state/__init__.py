"""What outlives a build: records beside the warehouse, in files that are only added."""
