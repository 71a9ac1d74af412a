"""The object table kept in a file, brought back from one, and made anew from what else there is."""
