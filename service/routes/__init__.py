"""Handlers, one module per group of routes: they translate, the functions they call decide."""
