"""The listening side: who may call, what was asked, and how the answer is sent."""

from hearth.server.spare import without_certificates

with without_certificates():
    import aiohttp as aiohttp  # here for the first time, whoever asks for it later
