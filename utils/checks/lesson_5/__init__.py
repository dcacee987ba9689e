"""Checks of lesson 5's exercises."""
