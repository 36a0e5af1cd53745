"""Neovim: an adapter for codecompanion.nvim.

Source: codecompanion.olimorris.dev/guides/openai-compatible-providers (read in November 2026).
"""

from __future__ import annotations

import json

from hearth.connecting.app import App, Desk, Door, Setting

_WHY = "the configuration of Neovim is a Lua program, and its plugins are set up in one call of your own"


def _found(desk: Desk) -> bool:
    return desk.has("nvim")


def _setting(_: Desk, door: Door) -> Setting:
    text = f"""require("codecompanion").setup({{
  adapters = {{
    http = {{
      hearth = function()
        return require("codecompanion.adapters").extend("openai_compatible", {{
          formatted_name = "Hearth",
          env = {{ url = {json.dumps(door.url)}, api_key = {json.dumps(door.key)} }},
          schema = {{ model = {{ default = {json.dumps(door.model)} }} }},
        }})
      end,
    }},
  }},
  interactions = {{
    chat = {{ adapter = "hearth" }},
    inline = {{ adapter = "hearth" }},
  }},
}})"""
    after = ("With lazy.nvim the table is what stands in `opts`. Older versions say `strategies` for `interactions`.",)
    return Setting(text, by_hand=_WHY, after=after)


APP = App(
    "neovim",
    "Neovim (codecompanion)",
    "https://codecompanion.olimorris.dev/guides/openai-compatible-providers",
    _found,
    _setting,
)
