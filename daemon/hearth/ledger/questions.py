"""Everything the reports ever ask of SQLite: constant text, values bound (T15)."""

BEGIN = "BEGIN"

# By model, provider, key or place an attempt counts where it was made, so a call that went to two counts in both rows;
# by app or day a call counts once, and in all cases tokens and money count where they were spent.
SERVED_BY_ATTEMPT = """
CREATE TEMP TABLE served AS
SELECT CASE :by
           WHEN 'model' THEN attempts.model
           WHEN 'provider' THEN attempts.provider
           WHEN 'key' THEN CASE WHEN attempts.key_id = '' THEN '' ELSE attempts.provider || '/' || attempts.key_id END
           WHEN 'place' THEN attempts.place
       END AS name,
       calls.id AS id, coalesce(attempts.ending, calls.ending) AS ending, attempts.place AS place,
       attempts.first_token_ms AS first_token_ms, coalesce(attempts.total_ms, calls.total_ms) AS total_ms
FROM calls LEFT JOIN attempts ON attempts.call_id = calls.id
WHERE calls.time >= :since AND calls.time < :until
"""
SERVED_BY_CALL = """
CREATE TEMP TABLE served AS
SELECT CASE :by WHEN 'app' THEN app WHEN 'day' THEN date(time, 'unixepoch', 'localtime') ELSE :by END AS name,
       id, ending, place, first_token_ms, total_ms
FROM calls
WHERE time >= :since AND time < :until
"""
SPENT = """
CREATE TEMP TABLE spent AS
SELECT CASE :by
           WHEN 'model' THEN attempts.model
           WHEN 'provider' THEN attempts.provider
           WHEN 'key' THEN CASE WHEN attempts.key_id = '' THEN '' ELSE attempts.provider || '/' || attempts.key_id END
           WHEN 'place' THEN attempts.place
           WHEN 'app' THEN calls.app
           WHEN 'day' THEN date(calls.time, 'unixepoch', 'localtime')
           ELSE :by
       END AS name,
       attempts.input_tokens AS input_tokens, attempts.output_tokens AS output_tokens,
       attempts.cached_tokens AS cached_tokens, attempts.estimated AS estimated, attempts.cost AS cost,
       attempts.currency AS currency,
       attempts.cost IS NULL AND (attempts.ending = 'complete' OR attempts.first_token_ms IS NOT NULL) AS unpriced
FROM calls JOIN attempts ON attempts.call_id = calls.id
WHERE calls.time >= :since AND calls.time < :until
"""

COUNTS = """
SELECT name, count(DISTINCT id), sum(ending IN ('refused', 'failed', 'truncated')),
       count(DISTINCT CASE WHEN place = 'machine' THEN id END)
FROM served GROUP BY name
"""
SUMS = """
SELECT name, total(input_tokens), total(output_tokens), total(cached_tokens), sum(estimated), sum(unpriced)
FROM spent GROUP BY name
"""
COSTS = """
SELECT name, currency, total(cost) FROM spent
WHERE cost IS NOT NULL AND (cost <> 0 OR currency <> '') GROUP BY name, currency ORDER BY name, currency
"""
# Nearest rank: the smallest value that at least half, or 95 of 100, of the values do not exceed.
WAITING_RANKS = """
WITH ranked AS (
    SELECT name, first_token_ms AS value, row_number() OVER (PARTITION BY name ORDER BY first_token_ms) AS place,
           count(*) OVER (PARTITION BY name) AS many
    FROM served WHERE first_token_ms IS NOT NULL
)
SELECT name, max(CASE WHEN place = (many + 1) / 2 THEN value END),
       max(CASE WHEN place = (95 * many + 99) / 100 THEN value END)
FROM ranked GROUP BY name
"""
LASTING_RANKS = """
WITH ranked AS (
    SELECT name, total_ms AS value, row_number() OVER (PARTITION BY name ORDER BY total_ms) AS place,
           count(*) OVER (PARTITION BY name) AS many
    FROM served WHERE total_ms IS NOT NULL
)
SELECT name, max(CASE WHEN place = (many + 1) / 2 THEN value END),
       max(CASE WHEN place = (95 * many + 99) / 100 THEN value END)
FROM ranked GROUP BY name
"""

NEWEST = """
SELECT id, time, app, dialect, route, task, asked, mode, stream, target, place, reason, attempts, ending, problem,
       detail, status, input_tokens, output_tokens, cached_tokens, estimated, cost, currency, queue_ms, first_token_ms,
       total_ms, overhead_ms, user_agent, plan
FROM calls
WHERE row > coalesce((SELECT row FROM calls WHERE id = :after), 0)
  AND (:app IS NULL OR app = :app)
  AND (:target IS NULL OR target = :target)
  AND (:place IS NULL OR place = :place)
  AND (:ending IS NULL OR ending = :ending)
  AND (:since IS NULL OR time >= :since)
  AND (:until IS NULL OR time < :until)
ORDER BY row DESC LIMIT :limit
"""
ONE_CALL = """
SELECT id, time, app, dialect, route, task, asked, mode, stream, target, place, reason, attempts, ending, problem,
       detail, status, input_tokens, output_tokens, cached_tokens, estimated, cost, currency, queue_ms, first_token_ms,
       total_ms, overhead_ms, user_agent, plan
FROM calls WHERE id = ?
"""
ITS_ATTEMPTS = """
SELECT call_id, number, target, provider, model, place, key_id, started, ending, problem, detail, upstream_status,
       connect_ms, first_token_ms, total_ms, load_ms, input_tokens, output_tokens, cached_tokens, reasoning_tokens,
       estimated, cost, currency, cost_source, reason, address, bytes_out, bytes_in
FROM attempts WHERE call_id = ? ORDER BY number
"""
