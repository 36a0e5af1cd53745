"""Decisions, made purely: which target may answer a call, in which order, and why. No I/O, no clock, no asyncio."""
