"""How OpenAI-compatible providers differ, as data: a dialect reads this value and never a provider's name."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

NameOrNone = Annotated[str | None, Meta(extra={"form": "name or none"})]

ReasoningInput = Literal[
    "reasoning_effort", "thinking", "adaptive_thinking", "reasoning", "chat_template_kwargs", "none"
]
TurnOrder = Literal["any", "paired", "alternating"]
FimForm = Literal["none", "completions", "beta_completions", "fim_completions", "infill"]


class Quirks(Struct, frozen=True, forbid_unknown_fields=True):
    """Differences of a server that speaks the `openai_chat` dialect; the defaults are OpenAI's own form.

    Paths follow the rule of URLs: "chat/completions" is appended to the path of the provider's address,
    "/infill" starts at the host's root. `{model}` in a path stands for the model's name, `{deployment}`,
    `{api_version}` and the like for options of the provider (a deployment that is not set: the model's name).
    """

    # Messages
    system_role: Literal["system", "developer", "by_model"] = "system"  # by_model: developer for o* and gpt-5 or later
    echo_reasoning: NameOrNone = None  # field of an assistant turn that carries its earlier reasoning back
    tool_id: Literal["any", "9alnum"] = "any"  # the form tool call ids must have
    # any: whatever comes; paired: a tool's result after its call; alternating: users and assistants take turns as well
    turns: TurnOrder = "paired"
    images_by_url: bool = True  # False: only data: URLs are understood

    # Knobs of a request
    max_tokens_field: str = "max_tokens"
    seed_field: NameOrNone = "seed"  # None: leave it out
    stop_max: int | None = None  # most stop sequences the server takes; None: no known limit
    stop_as_list: bool = False  # a single stop must be an array too
    stream_options: bool = True  # send stream_options.include_usage
    more_knobs: tuple[str, ...] = ()  # knobs OpenAI lacks and this server takes: top_k, min_p, repetition_penalty, …
    # (drop, rename, set and allow_only concern chat requests, in this order, after everything else was written)
    drop: tuple[str, ...] = ()  # fields taken out of a request; knobs only, never features
    rename: dict[str, str] = field(default_factory=dict)  # field -> the name this server uses
    set: dict[str, object] = field(default_factory=dict)  # fields added when the request has none
    allow_only: tuple[str, ...] | None = None  # the only fields this server takes; None: any
    # the only fields sent where another dialect is translated; a caller of this dialect keeps its own; None: any
    translated_only: tuple[str, ...] | None = None

    drop_from_messages: tuple[str, ...] = ()  # fields taken out of each message
    # model name (globs work) -> fields that this model refuses; knobs only, and left in where thinking is switched off
    drop_for: dict[str, tuple[str, ...]] = field(default_factory=dict)
    renamed_models: dict[str, str] = field(default_factory=dict)  # a model that is gone -> the one asked in its place

    # models (globs work) that answer tools beside thinking by the Responses API alone: they are called by it
    responses_for: tuple[str, ...] = ()
    # whether it has the Responses API beside chat, for what a caller of that asks and chat cannot carry;
    # kept: it also keeps responses there, so that previous_response_id works
    responses: Literal["no", "features", "kept"] = "no"
    chat_for: tuple[str, ...] = ()  # models (globs work) that are called by chat alone all the same

    # Features of a request: False makes the provider unable, so that a call which needs it goes elsewhere
    tools: bool = True
    tool_choice_required: str = "required"  # the word for "some tool must be called"
    tool_choice_named: Literal["function", "filter"] = "function"  # filter: offer only that tool, and require one
    parallel_tool_calls: bool = True  # False: the field is unknown there
    logprobs: bool = True
    many: bool = True  # n above 1
    json_object: bool = True
    json_schema: bool = True
    reasoning_in: ReasoningInput = "none"  # how the effort of thinking is expressed
    effort_words: dict[str, str] = field(default_factory=dict)  # our effort word -> theirs, where it differs
    fim: FimForm = "none"  # how a completion between prefix and suffix is asked for
    dimensions_field: NameOrNone = "dimensions"  # how shorter embeddings are asked for; None: they cannot be had
    embeddings_base64: bool = True  # embeddings can be had in base64; False: a caller's are made from numbers
    tokenize: bool = False  # the engine has llama.cpp's /tokenize and /detokenize

    # Replies
    think_tags: bool = False  # thinking may stand in the text, between <think> and </think>
    reasoning_exclusive: bool = False  # completion_tokens does not include reasoning_tokens (xAI)

    # Paths and headers
    chat_path: str = "chat/completions"
    completions_path: NameOrNone = "completions"
    embeddings_path: NameOrNone = "embeddings"
    models_path: NameOrNone = "models"
    fim_path: NameOrNone = None
    count_path: NameOrNone = None  # where the tokens of a chat request are counted
    option_headers: dict[str, str] = field(default_factory=dict)  # provider option (site_url, …) -> header name
    option_fields: dict[str, str] = field(default_factory=dict)  # provider option (deployment, …) -> field of the body
    options: tuple[str, ...] = ()  # further options that this provider makes use of
