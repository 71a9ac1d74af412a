"""Bytes to blocks, CIDs, CARs and manifests, and back. Pure: no I/O of its own, no clock."""
