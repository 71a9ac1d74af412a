"""The assessment as the API gives it, and written down."""
