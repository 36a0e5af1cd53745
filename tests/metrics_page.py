"""The page `docs/metrics.md`, made from the metrics there are: `python tests/metrics_page.py` writes it anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hearth.metrics import known, prometheus
from hearth.metrics.figures import MOST_APPS, MOST_TARGETS, OTHER
from hearth.metrics.kinds import Metric
from hearth.metrics.shown import PROVIDERS
from hearth.metrics.state import READINGS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
INTRODUCTION = f"""\
# Metrics

`GET /metrics` is Prometheus text. It tells which apps and models you use and what they cost, so it is for the owner:
over the Unix socket it is free, on TCP it takes the admin token (`hearth token --admin` prints it), which Prometheus
sends so:

```yaml
scrape_configs:
  - job_name: hearth
    static_configs: [{{ targets: ["127.0.0.1:11430"] }}]
    authorization: {{ credentials_file: /path/to/a/file/with/the/token }}
```

The same figures can be sent to a collector of OpenTelemetry, as OTLP over HTTP in JSON. That is off unless
`hearth.toml` names one; the privacy mode holds for it as for everything that leaves:

```toml
[metrics]
otlp = "http://127.0.0.1:4318"        # "/v1/metrics" is added
interval = "60s"
headers = {{ authorization = "env:OTLP_AUTHORIZATION" }}
```

Counts begin when the daemon starts; the usage log, and with it `hearth usage` (see [usage](usage.md)), goes back
further. Nothing that was said in a call is in them, and labels are bounded: after {MOST_TARGETS} targets, or
{MOST_APPS} apps, whatever else comes is counted as `{OTHER}`. Each name is given as Prometheus has it and as
OpenTelemetry has it. This page is generated: `python tests/metrics_page.py` writes it anew.
"""
OF_CALLS = """
## What calls add to

To OpenTelemetry, Hearth is a client of its providers (`gen_ai.client.*`: each attempt counts) and a server to its
callers (`gen_ai.server.*`: each call counts, with its queue and all its attempts). The buckets are those its
conventions for GenAI advise. `gen_ai.provider.name` is OpenTelemetry's word for the provider's preset
({words}),
else the preset's or the provider's own name; `hearth.target` always is the provider as you configured it, with the
model. `error.type` is the kind of problem ([errors](errors.md)), empty where all went well.
"""
OF_STATE = """
## The state of now

What `hearth status` says, in numbers; a metric is left out while there is nothing to say.
"""
OF_QUERIES = """
## Questions one asks of them

- Requests a second by where they were answered: `sum by (hearth_place) (rate(hearth_calls_total[5m]))`
- Success of each target: `sum by (hearth_target) (rate(hearth_attempts_total{hearth_ending="complete"}[1h])) / sum by
  (hearth_target) (rate(hearth_attempts_total[1h]))`
- The 95th percentile of the time to the first token: `histogram_quantile(0.95, sum by (le, hearth_target)
  (rate(gen_ai_server_time_to_first_token_seconds_bucket[5m])))`
- Tokens a second while a target answers: `1 / (rate(gen_ai_server_time_per_output_token_seconds_sum[5m]) /
  rate(gen_ai_server_time_per_output_token_seconds_count[5m]))`
- The share of input that came from prompt caches: `sum(rate(hearth_cached_tokens_total[1h])) / sum(rate(
  gen_ai_client_token_usage_sum{gen_ai_token_type="input"}[1h]))`
- Money of the last day: `sum by (currency) (increase(hearth_cost_total[1d]))`
- A limit that is nearly reached: `hearth_budget_room / hearth_budget_limit < 0.2`
"""


def page() -> str:
    """Return the whole page."""
    words = ", ".join(f"`{word}` for {preset}" for preset, word in PROVIDERS.items())
    of_calls = OF_CALLS.replace("{words}", words)
    state = [reading.metric for reading in READINGS]
    return "\n".join([INTRODUCTION + of_calls, *_table(known.COUNTED), OF_STATE, *_table(state), OF_QUERIES])


def _table(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| Prometheus | OpenTelemetry | kind, unit | labels | what it says |"
    yield "|---|---|---|---|---|"
    for metric in metrics:
        unit = f", {metric.unit}" if metric.unit else ""
        labels = ", ".join(f"`{prometheus.label_of(label)}`" for label in metric.labels)
        yield f"| `{prometheus.name_of(metric)}` | `{metric.name}` | {metric.kind}{unit} | {labels} | {metric.help} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
