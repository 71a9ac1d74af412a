"""A small copy that measures: what a real one will take, before there is one."""
