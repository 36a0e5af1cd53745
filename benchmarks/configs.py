"""The configs under which Hearth and nginx are measured."""

from listings import WINDOW
from routes import CLOUD, PROVIDERS
from shapes import CATALOGUE
from tongues import Dialect

_DIALECTS: dict[Dialect, tuple[str, str]] = {
    "openai": ("openai_chat", "/v1"),
    "responses": ("openai_responses", "/v1"),
    "anthropic": ("anthropic", ""),
    "gemini": ("gemini", "/v1beta"),
    "cohere": ("cohere", ""),
}
"""Hearth's names of the dialects, and what their addresses end in."""


def hearth_toml(port: int, upstream: int, *, pairs: bool = False) -> str:
    """The config that is measured: defaults, but for the addresses and for as many slots as the load has clients.

    `pairs` makes the mock a provider of every dialect.
    """
    slots = "\n".join(f'[providers.ollama.models."{name}"]\nslots = 4096' for name in CATALOGUE)
    windows = "\n".join(f'[providers.{CLOUD}.models."{name}"]\nwindow = {WINDOW}' for name in CATALOGUE)
    return f"""mode = "any"

[listen]
tcp = "127.0.0.1:{port}"

[busy]
patience = "60s"
queue = 4096
other_cpu = "off"
free_memory = "off"

[providers.ollama]
preset = "ollama"
address = "http://127.0.0.1:{upstream}"
{slots}

[providers.{CLOUD}]
dialect = "openai_chat"
address = "http://127.0.0.1:{upstream}/v1"
{windows}
{_every_dialect(upstream) if pairs else ""}
"""


def _every_dialect(upstream: int) -> str:
    """The mock once more as a provider of each dialect."""
    tables = []
    for dialect, (name, path) in _DIALECTS.items():
        provider = PROVIDERS[dialect].rstrip("/")
        models = [f'[providers.{provider}.models."{model}"]\nwindow = {WINDOW}' for model in CATALOGUE]
        address = f"http://127.0.0.1:{upstream}{path}"
        tables += [f'[providers.{provider}]\ndialect = "{name}"\naddress = "{address}"', *models]
    return "\n".join(tables)


def nginx_conf(port: int, upstream: int, home: str) -> str:
    """One worker that buffers nothing and logs nothing."""
    temps = "".join(f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log crit;
events {{ worker_connections 8192; }}
http {{
  access_log off; {temps}
  client_max_body_size 64m; client_body_buffer_size 2m; keepalive_requests 100000000;
  upstream mock {{ server 127.0.0.1:{upstream}; keepalive 2048; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""
