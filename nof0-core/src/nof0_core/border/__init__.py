"""Checks of what plugins return, before anybody else sees it."""
