"""Configurations of S3 clients: rendered, found, moved. Rules: docs/clients.md."""
