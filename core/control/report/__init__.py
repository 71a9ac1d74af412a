"""The report of a migration: asked, read, judged item by item, written."""
