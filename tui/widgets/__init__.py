"""The few Textual widgets: one panel fills a screen."""
