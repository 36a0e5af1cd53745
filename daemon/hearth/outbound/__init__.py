"""Requests to providers: one place that dials, a thin HTTP/1.1 client over it, and a pool of connections."""
