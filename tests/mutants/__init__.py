"""Planted bugs, one line each, of which the tests have to find every one."""
