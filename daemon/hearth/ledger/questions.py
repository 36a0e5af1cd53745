"""Everything the reports ever ask of SQLite: constant text, values bound (T15)."""

from hearth.ledger.rows import columns
from hearth.record import Attempt, CallRecord

BEGIN = "BEGIN"

_CALL = columns(CallRecord, "calls")
_ATTEMPT = columns(Attempt, "attempts")
_OF_ATTEMPT = """WHEN 'target' THEN attempts.target
           WHEN 'model' THEN attempts.model
           WHEN 'provider' THEN attempts.provider
           WHEN 'key' THEN CASE WHEN attempts.key_id = '' THEN '' ELSE attempts.provider || '/' || attempts.key_id END
           WHEN 'place' THEN attempts.place"""

# By target, model, provider, key or place an attempt counts where it was made, so a call that went to two counts in
# both rows; by app or day a call counts once, and in all cases tokens and money count where they were spent.
SERVED_BY_ATTEMPT = f"""
CREATE TEMP TABLE served AS
SELECT coalesce(CASE :by
           {_OF_ATTEMPT}
       END, '') AS name,
       calls.id AS id, calls.time AS time, calls.stream AS stream, attempts.place AS place,
       coalesce(attempts.ending, calls.ending) AS ending, coalesce(attempts.problem, calls.problem) AS problem,
       attempts.first_token_ms AS first_token_ms, coalesce(attempts.total_ms, calls.total_ms) AS total_ms,
       attempts.output_tokens AS output_tokens,
       CASE WHEN coalesce(attempts.number, 0) = calls.attempts THEN calls.queue_ms END AS queue_ms
FROM calls LEFT JOIN attempts ON attempts.call_id = calls.id
WHERE calls.time >= :since AND calls.time < :until
"""  # noqa: S608 -- made of constants
SERVED_BY_CALL = """
CREATE TEMP TABLE served AS
SELECT CASE :by WHEN 'app' THEN app WHEN 'day' THEN date(time, 'unixepoch', 'localtime') ELSE :by END AS name,
       id, time, stream, place, ending, problem, first_token_ms, total_ms, output_tokens, queue_ms
FROM calls
WHERE time >= :since AND time < :until
"""
SPENT = f"""
CREATE TEMP TABLE spent AS
SELECT CASE :by
           {_OF_ATTEMPT}
           WHEN 'app' THEN calls.app
           WHEN 'day' THEN date(calls.time, 'unixepoch', 'localtime')
           ELSE :by
       END AS name,
       attempts.target AS target, calls.task AS task, attempts.place AS place,
       attempts.input_tokens AS input_tokens, attempts.output_tokens AS output_tokens,
       attempts.cached_tokens AS cached_tokens, attempts.estimated AS estimated, attempts.cost AS cost,
       attempts.currency AS currency,
       attempts.ending = 'complete' OR attempts.input_tokens IS NOT NULL AS answered
FROM calls JOIN attempts ON attempts.call_id = calls.id
WHERE calls.time >= :since AND calls.time < :until
"""  # noqa: S608 -- made of constants

# What was refused before anything was sent is nobody's error: it says nothing of a target, nor of its times.
COUNTS = """
SELECT name, count(DISTINCT id), sum(ending IN ('failed', 'truncated')), sum(ending = 'refused'),
       count(DISTINCT CASE WHEN place = 'machine' AND ending <> 'refused' THEN id END), sum(ending = 'complete')
FROM served GROUP BY name
"""
SUMS = """
SELECT name, total(input_tokens), total(output_tokens), total(cached_tokens), sum(estimated),
       sum(cost IS NULL AND answered)
FROM spent GROUP BY name
"""
COSTS = """
SELECT name, currency, total(cost) FROM spent
WHERE cost IS NOT NULL AND (cost <> 0 OR currency <> '') GROUP BY name, currency ORDER BY name, currency
"""
# What was answered without paying anybody, for what it would have cost at the cloud fallback.
AT_HOME = """
SELECT name, target, task, currency, count(*), total(input_tokens), total(output_tokens), total(cached_tokens),
       total(cost)
FROM spent WHERE place <> 'cloud' AND answered GROUP BY name, target, task, currency
"""
PROBLEMS = (
    "SELECT name, problem, count(*) FROM served WHERE problem <> '' GROUP BY name, problem ORDER BY name, problem"
)
# Nearest rank: the smallest value that at least half, or 95 of 100, of the values do not exceed. Rows that are put down
# in order are numbered in order, which finds a rank much sooner than SQLite's window functions do.
RANKED = """
CREATE TEMP TABLE ranked AS
SELECT name, kind, value FROM (
    SELECT name, 'first_token' AS kind, first_token_ms AS value FROM served WHERE first_token_ms IS NOT NULL
    UNION ALL SELECT name, 'total', total_ms FROM served WHERE total_ms IS NOT NULL AND ending <> 'refused'
    UNION ALL SELECT name, 'queue', queue_ms FROM served WHERE queue_ms IS NOT NULL AND ending <> 'refused'
    UNION ALL SELECT name, 'speed', 1000.0 * (output_tokens - 1) / (total_ms - first_token_ms) FROM served
              WHERE stream AND output_tokens > 1 AND total_ms > first_token_ms
) ORDER BY name, kind, value
"""
RANKS = """
SELECT name, kind, (SELECT value FROM ranked WHERE rowid = first + (many + 1) / 2 - 1),
       (SELECT value FROM ranked WHERE rowid = first + (95 * many + 99) / 100 - 1)
FROM (SELECT name, kind, min(rowid) AS first, count(*) AS many FROM ranked GROUP BY name, kind)
"""
TREND = """
WITH bounds AS (SELECT coalesce(:since, min(time)) AS first, coalesce(:until, max(time)) AS last FROM served)
SELECT name, min(:slices - 1, max(0, CAST((time - first) * :slices / max(last - first, 1) AS INTEGER))) AS slice,
       count(DISTINCT id)
FROM served, bounds GROUP BY name, slice
"""
TREND_OF_DAYS = """
SELECT name, CAST(strftime('%H', time, 'unixepoch', 'localtime') AS INTEGER) AS slice, count(DISTINCT id)
FROM served GROUP BY name, slice
"""
FORGET_SERVED = "DROP TABLE served"
FORGET_SPENT = "DROP TABLE spent"
FORGET_RANKED = "DROP TABLE ranked"

NEWEST = f"""
SELECT {_CALL}
FROM calls
WHERE row > coalesce((SELECT row FROM calls WHERE id = :after), 0)
  AND row >= coalesce((SELECT min(row) FROM calls WHERE time >= :since), 0)
  AND (:app IS NULL OR app = :app)
  AND (:target IS NULL OR target = :target)
  AND (:place IS NULL OR place = :place)
  AND (:ending IS NULL OR ending = :ending)
  AND (:since IS NULL OR time >= :since)
  AND (:until IS NULL OR time < :until)
ORDER BY row DESC LIMIT :limit
"""  # noqa: S608 -- made of constants
# For an export, oldest first, a page at a time.
PAGE = f"""
SELECT row, {_CALL}
FROM calls WHERE row > :after AND time >= :since AND time < :until ORDER BY row LIMIT :limit
"""  # noqa: S608 -- made of constants
ATTEMPTS_OF_PAGE = f"""
SELECT {_ATTEMPT}
FROM calls JOIN attempts ON attempts.call_id = calls.id
WHERE calls.row > :after AND calls.row <= :last AND calls.time >= :since AND calls.time < :until
ORDER BY calls.row, attempts.number
"""  # noqa: S608 -- made of constants
ONE_CALL = f"SELECT {_CALL} FROM calls WHERE id = ?"  # noqa: S608 -- made of constants
ITS_ATTEMPTS = f"SELECT {_ATTEMPT} FROM attempts WHERE call_id = ? ORDER BY number"  # noqa: S608 -- made of constants
