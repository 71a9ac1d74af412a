"""The engine and its command line. Imports no Textual, no Rich."""
