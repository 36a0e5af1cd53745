"""What is said to SQLite: few texts, all constant, whatever the values are."""

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hearth.ledger import questions, statements, store
from hearth.ledger.reader import open_for_reading
from hearth.ledger.rows import AT_ONCE
from hearth.ledger.savings import uncomparable
from hearth.ledger.store import open_store
from hearth.ledger.sums import Span, sums
from hearth.record import Attempt, CallRecord
from ledger.ledger_examples import QUICK, entry
from source_tree import product, under

NASTY = "'); DROP TABLE calls; --"
_LITERAL = re.compile(r"-?\bInf\b|'(?:[^']|'')*'|\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b|\bNULL\b|[?]|:[a-z]+", re.IGNORECASE)


def _shape(text: str) -> str:
    """A statement without its values, as SQLite's trace shows them filled in."""
    return " ".join(_LITERAL.sub("?", text).split())


def _constants(module: object) -> set[str]:
    named = [value for name, value in vars(module).items() if name.isupper()]
    return {_shape(text) for value in named for text in ([value] if isinstance(value, str) else value)}


def test_every_statement_of_the_writer_is_on_its_list(tmp_path: Path) -> None:
    """T15: whatever the values say, SQLite hears the texts of `statements.py` and nothing else."""
    said: list[str] = []
    one = open_store(tmp_path / "usage.db", QUICK, check=True)
    one.connection.set_trace_callback(said.append)

    one.write([entry(NASTY, app=NASTY, asked=NASTY, user_agent=NASTY)])
    one.write([entry(f"{NASTY}{number}", app=NASTY) for number in range(AT_ONCE)])
    one.retire(5.0)
    one.purge(6.0)
    one.purge(None)
    one.close()

    own = {_shape(text) for text in said if not text.startswith("--")}
    assert len(own) > 8
    # VACUUM is built of statements that SQLite makes itself.
    assert {text for text in own if "vacuum_db" not in text} <= _constants(statements)


def test_every_statement_of_the_reports_is_on_its_list(tmp_path: Path) -> None:
    """T15: the same for reading."""
    said: list[str] = []
    path = tmp_path / "usage.db"
    open_store(path, QUICK, check=True).close()
    with closing(open_for_reading(path)) as connection:
        connection.set_trace_callback(said.append)

        for by in (NASTY, "model", "day"):
            sums(connection, by, Span(), uncomparable)

    assert len(said) >= 8
    assert {_shape(text) for text in said if not text.startswith("--")} <= _constants(questions)


def test_no_statement_is_put_together() -> None:
    """T15: what is executed is a name of a constant; only the migrations hold their text where they run it."""
    wrong = [
        f"{source.path}:{node.lineno}"
        for source in product()
        if under(source.path, ["daemon/hearth/ledger"], "/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in {"execute", "executemany", "executescript"}
        if isinstance(node.args[0], ast.JoinedStr | ast.BinOp | ast.Call)
    ]

    assert not wrong


def test_a_report_cannot_write(tmp_path: Path) -> None:
    """A reading connection is one that SQLite lets change nothing."""
    path = tmp_path / "usage.db"
    open_store(path, QUICK, check=True).close()

    with (
        closing(open_for_reading(path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM calls")


@pytest.mark.parametrize(("table", "kind"), [("calls", CallRecord), ("attempts", Attempt)])
def test_the_tables_are_the_records(tmp_path: Path, table: str, kind: type[CallRecord] | type[Attempt]) -> None:
    """Each field is a column, in the order in which rows are bound and read."""
    with closing(store.open_store(tmp_path / "usage.db", QUICK, check=True).connection) as connection:
        columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]

    assert tuple(name for name in columns if name != "row") == kind.__struct_fields__
    insert = statements.INSERT_CALL if kind is CallRecord else statements.INSERT_ATTEMPT
    select = questions.ONE_CALL if kind is CallRecord else questions.ITS_ATTEMPTS
    assert tuple(re.findall(r"\w+", insert[insert.index("(") : insert.index(")")])) == kind.__struct_fields__
    assert tuple(re.findall(rf"\b{table}\.(\w+)", select[: select.index("FROM")])) == kind.__struct_fields__


@pytest.mark.parametrize("question", ["SELECT * FROM recent", "SELECT * FROM days"])
def test_a_person_with_the_sqlite_shell_has_views(tmp_path: Path, question: str) -> None:
    """The two views read well without knowing the tables."""
    one = open_store(tmp_path / "usage.db", QUICK, check=True)
    one.write([entry("a")])

    rows = one.connection.execute(question).fetchall()
    one.close()

    assert len(rows) == 1
