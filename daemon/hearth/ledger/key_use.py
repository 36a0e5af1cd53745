"""What each key was used for lately, so that a limit of the day holds over a restart."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from hearth.ledger.reader import reading

STRETCH_S = 900
"""Uses are summed up over a quarter of an hour."""
_USES = f"""
SELECT attempts.provider, attempts.key_id, CAST(attempts.started / {STRETCH_S} AS INTEGER) * {STRETCH_S},
       count(*), sum(coalesce(attempts.input_tokens, 0) + coalesce(attempts.output_tokens, 0))
FROM calls JOIN attempts ON attempts.call_id = calls.id
WHERE calls.time >= ? AND attempts.started >= ? AND attempts.started < ?
  AND attempts.ending <> 'refused'
GROUP BY 1, 2, 3 ORDER BY 3
"""  # noqa: S608 -- made of constants
_LONGEST_CALL_S = 3600.0


class KeyUse(Struct, frozen=True):
    """What one key was used for from `at` (time.time()) on, for `STRETCH_S`: requests and tokens."""

    provider: str
    key_id: str
    at: float
    requests: int
    tokens: int


def read_key_use(path: Path, since: float, until: float) -> list[KeyUse]:
    """Return the uses of all keys between two moments, oldest first; none where there is no usage log yet.

    Attempts that were held back before they were sent are none.
    """
    with reading(path) as connection:
        if connection is None:
            return []
        found = connection.execute(_USES, (since - _LONGEST_CALL_S, since, until))
        return [
            KeyUse(str(provider), str(key_id), float(at), int(requests), int(tokens))
            for provider, key_id, at, requests, tokens in found
        ]
