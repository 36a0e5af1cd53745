"""What a user reads about a wrong setting: file, line, key, reason, and the next step, word for word."""

from pathlib import Path

import pytest

from hearth_config.errors import ConfigError
from hearth_config.load import load_text
from hearth_config.variables import Variables

BASE = """\
mode = "lan"

[busy]
patience = "10s"

[providers.ollama]
preset = "ollama"
[providers.ollama.models."qwen3:8b"]
num_ctx = 16384

[providers.openrouter]
preset = "openrouter"
keys = [
    { id = "main", value = "env:OPENROUTER_API_KEY" },
    { id = "spare", value = "keyring:spare" },
]

[models.fast]
use = ["ollama/qwen3:8b"]

[apps.zed]
match = { user_agent = "Zed/*" }
"""

# what stands in BASE, what the user made of it, what Hearth says
MISTAKES = [
    (
        'patience = "10s"',
        'patince = "10s"',
        "hearth.toml:4: busy.patince: is no known setting. Write `patience` if you meant that, or remove it.",
    ),
    (
        'patience = "10s"',
        'zzz = "10s"',
        (
            "hearth.toml:4: busy.zzz: is no known setting. "
            "Remove it; known here: battery, free_memory, other_cpu, patience, queue."
        ),
    ),
    (
        '"10s"',
        '"ten"',
        (
            'hearth.toml:4: busy.patience: "ten" is no number with a unit. '
            'Write a number and ms, s, m, h or d, such as "500ms", "10s" or "24h".'
        ),
    ),
    (
        '"10s"',
        "10",
        (
            "hearth.toml:4: busy.patience: is a whole number. "
            'Write a number and ms, s, m, h or d, such as "500ms", "10s" or "24h".'
        ),
    ),
    (
        '"lan"',
        '"local"',
        'hearth.toml:1: mode: "local" is not allowed. Allowed: "any", "lan", "offline" or "prefer-local".',
    ),
    (
        "num_ctx = 16384",
        "num_ctx = 0",
        'hearth.toml:9: providers.ollama.models."qwen3:8b".num_ctx: is 0. Write a number that is at least 1.',
    ),
    (
        "num_ctx = 16384",
        'keep_alive = "300"',
        (
            'hearth.toml:9: providers.ollama.models."qwen3:8b".keep_alive: "300" is no duration that Ollama understands. '
            'Write "10m", "1h30m", "0" (unload at once) or "-1m" (never unload).'
        ),
    ),
    (
        '"env:OPENROUTER_API_KEY"',
        '"${OPENROUTER_API_KEY}"',
        (
            "hearth.toml:14: providers.openrouter.keys[0].value: ${OPENROUTER_API_KEY} is not expanded here. "
            'Write "env:OPENROUTER_API_KEY" for a key, a token or a header; write any other value out.'
        ),
    ),
    (
        '"keyring:spare"',
        '"$SPARE"',
        (
            'hearth.toml:15: providers.openrouter.keys[1].value: shell spelling is not read here; write "env:SPARE". '
            "Correct the reference."
        ),
    ),
    (
        'id = "spare"',
        'id = "main"',
        (
            'hearth.toml:15: providers.openrouter.keys[1].id: "main" is the id of an earlier key. '
            "Give each key its own id."
        ),
    ),
    (
        'preset = "ollama"',
        'preset = "olama"',
        (
            'hearth.toml:7: providers.ollama.preset: there is no such preset; did you mean "ollama". Allowed: "deepseek", '
            '"generic", "groq", "huggingface", "llama-server", "lm-studio", "mistral", "ollama", "openai", "openrouter", '
            '"together", "vllm" or "xai".'
        ),
    ),
    (
        'preset = "ollama"',
        'preset = "ollama"\naddress = "http://me:hunter2@box"',
        (
            "hearth.toml:8: providers.ollama.address: a user name is not allowed in an address; keys belong in `key`, "
            'options in `extra`. Write "http://host:port/path", "https://host/path" or "unix:/path/to.sock".'
        ),
    ),
    (
        'preset = "ollama"',
        'preset = "ollama"\naddress = "http://api.example.com"',
        (
            "hearth.toml:8: providers.ollama.address: is plain http to the cloud, where prompts and keys could be read. "
            "Write https://, or the IP address of a server in your own network."
        ),
    ),
    (
        'preset = "ollama"',
        'preset = "ollama"\naddress = "http://192.168.1.2"\nplace = "machine"',
        (
            'hearth.toml:9: providers.ollama.place: "machine" is nearer than the address, which is in the lan. '
            "Remove place; it can only be set farther away."
        ),
    ),
    (
        'preset = "openrouter"',
        'preset = "openrouter"\nplace = "lan"',
        (
            'hearth.toml:13: providers.openrouter.place: "lan" is nearer than the address, which is a name, which counts '
            "as cloud until it is looked up. Remove place; it can only be set farther away."
        ),
    ),
    (
        "[providers.openrouter]",
        "[providers.cloud]",
        'hearth.toml:11: providers.cloud: "cloud" has a meaning of its own in model names. Choose another name.',
    ),
    (
        '"ollama/qwen3:8b"',
        '"ollama:qwen3:8b"',
        'hearth.toml:19: models.fast.use[0]: "ollama:qwen3:8b" has a colon after the provider. '
        'Write "ollama/qwen3:8b".',
    ),
    (
        '"ollama/qwen3:8b"',
        '"olama/qwen3:8b"',
        'hearth.toml:19: models.fast.use[0]: there is no provider "olama". Did you mean "ollama/qwen3:8b".',
    ),
    (
        'use = ["ollama/qwen3:8b"]',
        "use = []",
        'hearth.toml:19: models.fast.use: is empty. List at least one "provider/model".',
    ),
    (
        'match = { user_agent = "Zed/*" }',
        'mode = "lan"',
        "hearth.toml:21: apps.zed: has no `match`. Add `match` to it.",
    ),
    (
        'match = { user_agent = "Zed/*" }',
        "match = {}",
        "hearth.toml:22: apps.zed.match: is empty and would match nobody. Give user_agent, token or process.",
    ),
    (
        "[busy]",
        '[listen]\ntcp = "0.0.0.0:11430"\n[busy]',
        (
            "hearth.toml:4: listen.tcp: 0.0.0.0 can be reached from other machines. "
            'Set trust = "token" and list the names that clients use in hosts, or listen on 127.0.0.1.'
        ),
    ),
    (
        "[busy]",
        '[listen]\ntcp = "localhost"\n[busy]',
        (
            'hearth.toml:4: listen.tcp: "localhost" is no IP address with a port. '
            'Write an IP address and a port, such as "127.0.0.1:11430" or "[::1]:11430", "off" or "systemd".'
        ),
    ),
    (
        'preset = "openrouter"',
        'preset = "openrouter"\nprice = { per_request = 1, currency = "EUR" }',
        (
            "hearth.toml:13: providers.openrouter.price.currency: is EUR, and the budget has no rate for it. "
            "Add it to [budget] rates: what 1 EUR is in USD."
        ),
    ),
    (
        'preset = "openrouter"',
        'preset = "openrouter"\npull = "background"',
        "hearth.toml:13: providers.openrouter.pull: is for Ollama only; other servers cannot fetch models. Remove it.",
    ),
    (
        'preset = "openrouter"',
        'preset = "openrouter"\nheaders = { Host = "x" }',
        "hearth.toml:13: providers.openrouter.headers.Host: is written by Hearth itself. Remove it.",
    ),
    (
        'preset = "openrouter"',
        'preset = "openrouter"\nkey = "env:ONE"',
        "hearth.toml:13: providers.openrouter.key: stands beside `keys`. Keep one of the two.",
    ),
    (
        'preset = "openrouter"',
        'preset = "openrouter"\nca = "company.pem"',
        "hearth.toml:13: providers.openrouter.ca: there is no such file. Correct the path.",
    ),
    (
        'preset = "ollama"',
        'address = "http://127.0.0.1"\n[providers.box]',
        (
            'hearth.toml:8: providers.box: has no `dialect`. Add `dialect`, or a `preset`: "deepseek", "generic", "groq", '
            '"huggingface", "llama-server", "lm-studio", "mistral", "ollama", "openai", "openrouter", "together", "vllm" '
            'or "xai".'
        ),
    ),
    (
        'patience = "10s"',
        "patience = ",
        (
            "hearth.toml:4: is not valid TOML: Invalid value. "
            'Correct that line; texts stand in "quotes", and each key once.'
        ),
    ),
    (
        'patience = "10s"',
        'patience = "10s"\npatience = "11s"',
        (
            "hearth.toml:5: is not valid TOML: Cannot overwrite a value. "
            'Correct that line; texts stand in "quotes", and each key once.'
        ),
    ),
    (
        BASE,
        'mode = "lan"\n\n[models.fast\n',
        (
            'hearth.toml:3: is not valid TOML: Expected "]" at the end of a table declaration. '
            'Correct that line; texts stand in "quotes", and each key once.'
        ),
    ),
]


def message(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        load_text(text, Path("hearth.toml"), Variables({}))
    return str(refused.value)


@pytest.mark.parametrize(("right", "wrong", "said"), MISTAKES, ids=[said.split(":")[2][:40] for *_, said in MISTAKES])
def test_a_mistake_is_answered_with_what_to_do(right: str, wrong: str, said: str) -> None:
    """Each mistake names file, line, key, the reason and the next step."""
    assert right in BASE

    assert message(BASE.replace(right, wrong, 1)).replace("'", '"') == said.replace("'", '"')


def test_without_the_mistakes_it_is_good() -> None:
    """The text that the mistakes are made in is itself accepted without a warning."""
    loaded = load_text(BASE, Path("hearth.toml"), Variables({}))

    assert loaded.warnings == ()
    assert loaded.inactive == ()


def test_a_single_key_keeps_the_name_the_user_wrote() -> None:
    """`key = …` is read as a list of keys, but a message calls it `key`."""
    said = message('[providers.openai]\npreset = "openai"\nkey = "$OPENAI"\n')

    assert said.startswith("hearth.toml:3: providers.openai.key: shell spelling")


def test_a_secret_is_never_repeated() -> None:
    """T16: whatever is wrong around a key, the message does not hold it."""
    secret = "sk-canary-0123456789"
    for wrong in (
        f'key = "{secret}"\nkeys = []',
        f'keys = ["{secret}"]',
        f'keys = [{{ id = "a", value = "{secret}" }}, {{ id = "a", value = "{secret}" }}]',
        f'headers = {{ Authorization = "Bearer {secret}", Host = "{secret}" }}',
        f'address = "https://{secret}@host"',
        f'address = "https://host/?key={secret}"',
        f'proxy = "http://{secret}@host"',
        f'key = "{secret}',
        f"key = {secret}",
        f'key = "{secret}" "{secret}"',
    ):
        assert secret not in message(f'[providers.openai]\npreset = "openai"\n{wrong}\n')


def test_a_very_deep_file_is_refused() -> None:
    """Nesting without end is an error of the file, not of Hearth."""
    assert "nested too deeply" in message("a = " + "[" * 5000 + "]" * 5000)


def test_a_very_long_number_is_refused() -> None:
    """A number of thousands of digits is an error with its line."""
    assert message(f"[busy]\nqueue = {'9' * 5000}\n").startswith("hearth.toml:")
