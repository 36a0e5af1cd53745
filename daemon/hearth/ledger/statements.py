"""Everything the writer ever says to SQLite: constant text, values bound (T15)."""

from hearth.ledger import rows
from hearth.record import Attempt, CallRecord


def _of_one(table: str, kind: type[CallRecord] | type[Attempt]) -> str:
    """Return a statement that inserts one record, its fields bound in their order."""
    names = kind.__struct_fields__
    places = ",".join("?" * len(names))
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608 -- made of constants


def _of_many(insert: str) -> str:
    """Return a statement that inserts one row as one that inserts `rows.AT_ONCE`."""
    before, _, row = insert.rpartition("VALUES")
    return f"{before}VALUES {','.join([row] * rows.AT_ONCE)}"


BEGIN = "BEGIN IMMEDIATE"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"

# A commit whose answer got lost is made again, so a row is replaced, never doubled.
INSERT_CALL = _of_one("calls", CallRecord)
INSERT_ATTEMPT = _of_one("attempts", Attempt)
INSERT_CALLS = _of_many(INSERT_CALL)
INSERT_ATTEMPTS = _of_many(INSERT_ATTEMPT)

COUNT_OLD = "SELECT count(*) FROM calls WHERE time < ?"
DELETE_OLD_ATTEMPTS = """
DELETE FROM attempts WHERE call_id IN (SELECT id FROM calls WHERE time < ? ORDER BY time, row LIMIT ?)
"""
DELETE_OLD_CALLS = """
DELETE FROM calls WHERE row IN (SELECT row FROM calls WHERE time < ? ORDER BY time, row LIMIT ?)
"""
COUNT_ALL = "SELECT count(*) FROM calls"
DELETE_ALL_ATTEMPTS = "DELETE FROM attempts"
DELETE_ALL_CALLS = "DELETE FROM calls"

READ_LEARNED = "SELECT target, at, figures FROM learned ORDER BY at DESC LIMIT ?"
WRITE_LEARNED = "INSERT OR REPLACE INTO learned (target, at, figures) VALUES (?, ?, ?)"
FORGET_LEARNED = "DELETE FROM learned WHERE at < (SELECT at FROM learned ORDER BY at DESC LIMIT 1 OFFSET ?)"
DELETE_ALL_LEARNED = "DELETE FROM learned"

VACUUM = "VACUUM"

USE_WAL = "PRAGMA journal_mode = WAL"
SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA cache_size = -1024",
    "PRAGMA mmap_size = 0",
)
SOUND = "PRAGMA quick_check(1)"
CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"

HAS_MIGRATIONS = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '_sqlite_migrations'"
APPLIED = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id"

# What was spent: of calls written down, of purged ones (`carried`), of those under way or cut short (`held`).
_COLUMNS = "day, provider, target, key_id, app, currency, amount"
HOLD = f"INSERT OR REPLACE INTO held (call_id, number, {_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)"  # noqa: S608 -- constant
LET_GO = "DELETE FROM held WHERE call_id = ?"
_OF_ATTEMPTS = """
SELECT date(attempts.started, 'unixepoch', 'localtime') AS day, attempts.provider AS provider,
       attempts.target AS target, attempts.key_id AS key_id, calls.app AS app, attempts.currency AS currency,
       total(attempts.cost) AS amount
FROM calls JOIN attempts ON attempts.call_id = calls.id
WHERE attempts.place = 'cloud' AND attempts.cost > 0 AND
"""
_GROUPED = " GROUP BY 1, 2, 3, 4, 5, 6"
READ_SPENT = f"""
{_OF_ATTEMPTS} calls.time >= :since {_GROUPED}
UNION ALL SELECT {_COLUMNS} FROM carried WHERE day >= date(:since, 'unixepoch', 'localtime')
UNION ALL SELECT {_COLUMNS} FROM held WHERE day >= date(:since, 'unixepoch', 'localtime')
"""  # noqa: S608 -- made of constants
NEWEST_CALL = "SELECT max(time) FROM calls"
CARRY_ALL = f"INSERT INTO carried ({_COLUMNS}) {_OF_ATTEMPTS} calls.time >= ? {_GROUPED}"
CARRY_OLD = f"""
INSERT INTO carried ({_COLUMNS}) {_OF_ATTEMPTS} calls.time >= ? AND attempts.call_id IN (
    SELECT id FROM calls WHERE time < ? ORDER BY time, row LIMIT ?
) {_GROUPED}
"""  # noqa: S608 -- made of constants
FORGET_CARRIED = "DELETE FROM carried WHERE day < date(?, 'unixepoch', 'localtime')"
FORGET_HELD = "DELETE FROM held WHERE day < date(?, 'unixepoch', 'localtime')"
