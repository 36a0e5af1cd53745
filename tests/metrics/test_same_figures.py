"""All who show figures show the same ones: the command, the dashboard and Prometheus."""

import asyncio

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from end_to_end.callers import Object, admin, call, calm, engine
from hearth.metrics import prometheus
from hearth.rehearsal import Rehearsal
from hearth.server.control import metrics
from hearth.status import Usage, UsageReport
from hearth_home import running

BODY = {"model": "scripted", "max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}
BUDGETED = """
[budget]
daily_limit = 2.0
[apps.zed]
match = { user_agent = "Zed/*" }
requests_per_minute = 60
[providers.far]
dialect = "openai_chat"
address = "https://far.example.com/v1"
keys = [{ id = "main", value = "literal", requests_per_minute = 30 }]
"""


SUMMED = (
    "calls", "errors", "local_calls", "input_tokens", "output_tokens", "cached_tokens", "estimated", "costs",
    "unknown_costs", "success", "problems", "saved", "compared", "uncompared",
)  # fmt: skip


def _summed(row: Usage | None) -> list[object]:
    """What can be added up from day to day, which is how the dashboard has it; times cannot."""
    assert row is not None
    return [getattr(row, name) for name in SUMMED]


def _sums(text: bytes) -> dict[str, float]:
    """The sum over all labels, by the sample's name."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def _asked() -> tuple[UsageReport, Object, bytes]:
    async with Rehearsal() as near, running('mode = "lan"\n' + BUDGETED + calm() + engine(near)) as home:
        for agent in ("Zed/1", "Other/1", "Zed/1"):
            await call(home, "/api/chat", BODY, User_Agent=agent)
        report = msgspec.convert(await admin(home, "/hearth/v1/usage?by=app"), UsageReport)
        shown: Object = await admin(home, "/hearth/v1/ui/usage?by=app&days=30")
        return report, shown, prometheus.text(metrics.families(home.daemon.core))


def test_command_dashboard_and_prometheus_agree() -> None:
    """One query for the first two, one count a call for the third: calls and tokens are the same to the last one."""
    report, shown, text = asyncio.run(_asked())

    dashboard = msgspec.convert(shown["report"], UsageReport)
    sums = _sums(text)
    assert report.total is not None
    assert _summed(dashboard.total) == _summed(report.total)
    assert [_summed(row) for row in dashboard.rows] == [_summed(row) for row in report.rows]
    assert {row.name for row in report.rows} == {"zed", "(none)"}
    assert sums["hearth_calls_total"] == report.total.calls == 3
    tokens = report.total.input_tokens + report.total.output_tokens
    assert sums["gen_ai_client_token_usage_sum"] == tokens > 0


def test_the_room_under_every_limit_is_told() -> None:
    """Of a budget, of an app, of a key; and how the targets are."""
    _, _, text = asyncio.run(_asked())

    sums = _sums(text)
    assert sums["hearth_budget_limit"] == sums["hearth_budget_room"] == 2.0
    assert sums["hearth_app_room"] == 58
    assert sums["hearth_key_room"] == 30
    assert sums["hearth_key_usable"] == 1
    assert sums["hearth_health_success_ratio"] >= 1
