"""The Textual screens: one board that the views fill."""
