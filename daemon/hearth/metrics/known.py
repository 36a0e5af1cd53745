"""Every metric that a call adds to. Names and buckets are OpenTelemetry's for GenAI where it has them.

Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md (status: development). There Hearth is
a client of its providers (`gen_ai.client.*`, an attempt each) and a server to its callers (`gen_ai.server.*`, a call).
"""

from __future__ import annotations

from hearth.metrics.kinds import Metric

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = tuple(float(4**power) for power in range(14))
FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
EACH_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
OVERHEAD = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
LAG = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)

WHERE = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "hearth.target", "hearth.place")
"""Which kind of request, which provider and model; `hearth.target` is the provider as configured, and the model."""
TARGET = ("hearth.target", "hearth.place")

CLIENT_TOKENS = Metric(
    "gen_ai.client.token.usage",
    "histogram",
    "{token}",
    "Tokens of an attempt, read (input) or written (output), as the provider counts them.",
    (*WHERE, "gen_ai.token.type"),
    TOKENS,
)
CLIENT_DURATION = Metric(
    "gen_ai.client.operation.duration",
    "histogram",
    "s",
    "How long an attempt took that was sent to its target; error.type is the kind of problem it ended in.",
    (*WHERE, "error.type"),
    SECONDS,
)
CLIENT_FIRST = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    "histogram",
    "s",
    "From the beginning of an attempt to the first piece of a streamed answer.",
    WHERE,
    SECONDS,
)
SERVER_DURATION = Metric(
    "gen_ai.server.request.duration",
    "histogram",
    "s",
    "How long a call took as its caller saw it, with queue, loading and all attempts; refused ones have no target.",
    (*WHERE, "error.type"),
    SECONDS,
)
SERVER_FIRST = Metric(
    "gen_ai.server.time_to_first_token",
    "histogram",
    "s",
    "From a call's arrival to the first byte of its answer, where that ended well.",
    WHERE,
    FIRST_TOKEN,
)
SERVER_EACH = Metric(
    "gen_ai.server.time_per_output_token",
    "histogram",
    "s",
    "Time for each token after the first one of a streamed answer that ended well.",
    WHERE,
    EACH_TOKEN,
)
CALLS = Metric(
    "hearth.calls",
    "counter",
    "{call}",
    "Calls that have ended, by the app that made them, where they were answered, and how they ended.",
    ("hearth.app", "hearth.place", "hearth.ending"),
)
ATTEMPTS = Metric(
    "hearth.attempts",
    "counter",
    "{attempt}",
    "Attempts at targets that have ended; error.type is the kind of problem, empty where it ended well. The ending "
    '"refused" is Hearth\'s own: nothing was sent.',
    (*TARGET, "hearth.ending", "error.type"),
)
CACHED = Metric(
    "hearth.cached_tokens",
    "counter",
    "{token}",
    "Input tokens that the provider took from its prompt cache; part of the input.",
    TARGET,
)
REASONING = Metric(
    "hearth.reasoning_tokens", "counter", "{token}", "Output tokens spent on thinking; part of the output.", TARGET
)
ESTIMATED = Metric(
    "hearth.estimated_answers",
    "counter",
    "{answer}",
    "Answers whose tokens are Hearth's own estimate, because nobody counted them.",
    TARGET,
)
COST = Metric(
    "hearth.cost", "counter", "{currency}", "What answers of known price cost, by currency.", (*TARGET, "currency")
)
UNPRICED = Metric(
    "hearth.unpriced_answers", "counter", "{answer}", "Answers of unknown price: they are in no sum of costs.", TARGET
)
QUEUE = Metric(
    "hearth.queue.duration",
    "histogram",
    "s",
    "How long calls waited in Hearth's queue for a target that were not refused.",
    TARGET,
    SECONDS,
)
OVERHEAD_TIME = Metric(
    "hearth.overhead.duration",
    "histogram",
    "s",
    "Hearth's own time before the first byte of an answer, queue and provider left out.",
    (),
    OVERHEAD,
)
LOOP_LAG = Metric(
    "hearth.event_loop.lag", "histogram", "s", "How late the event loop ran what was due, timed every 5 s.", (), LAG
)

COUNTED = (
    CLIENT_TOKENS,
    CLIENT_DURATION,
    CLIENT_FIRST,
    SERVER_DURATION,
    SERVER_FIRST,
    SERVER_EACH,
    CALLS,
    ATTEMPTS,
    CACHED,
    REASONING,
    ESTIMATED,
    COST,
    UNPRICED,
    QUEUE,
    OVERHEAD_TIME,
    LOOP_LAG,
)
