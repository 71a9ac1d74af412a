"""Themes of the terminal application, one YAML file each."""
