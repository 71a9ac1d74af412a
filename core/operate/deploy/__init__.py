"""A target rendered as files: nodes, cluster, cache and table on one host."""
