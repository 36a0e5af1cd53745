"""No name, alias, fallback, wish or state of the world takes a call farther than its mode allows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import settings as how_often
from hypothesis import strategies as st

from hearth.call import MODES, Call, Mode, Place, Task, Wishes, tightest
from hearth.chat import Need
from hearth.dialects.dialect import ModelInfo
from hearth.problems import Forbidden
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory, Listing
from hearth.routing.plan import Plan, plan
from hearth.routing.world import Machine, ProviderState, TargetState, World
from hearth_config.settings import Alias, App, Fallback, Match, Provider, Settings, Tasks
from routing.routing_examples import a_call, household, ollama, planned, provider, tried

ADDRESSES = (
    "http://127.0.0.1:11434",
    "http://localhost:1234/v1",
    "http://192.168.1.20:8000/v1",
    "https://1.1.1.1/v1",
    "https://machine.example/v1",
)
MODELS = ("a", "b:1b", "c:cloud", "d:8b-cloud", "innocent", "gpt-4o", "x/y")
PROVIDERS = ("ollama", "box", "machine", "openai")
TASKS = ("chat", "embeddings", "autocomplete")
BEFORE = ("", "", "local/", "local/", "cloud/", "ollama/", "box/", "machine/", "openai/", "ollama:")
ALIASES = ("fast", "a", "gpt-*", "local", "offline")
REACH: dict[Mode, set[Place]] = {
    "offline": {"machine"},
    "lan": {"machine", "lan"},
    "prefer-local": {"machine", "lan", "cloud"},
    "any": {"machine", "lan", "cloud"},
}

modes = st.sampled_from((*MODES, "any", "any"))
tasks = st.sampled_from(TASKS)
asked = st.one_of(
    st.builds(str.__add__, st.sampled_from(BEFORE), st.sampled_from(MODELS + ALIASES)), st.sampled_from(["", "default"])
)
entries = st.lists(asked, max_size=3).map(tuple)
infos = st.builds(ModelInfo, st.sampled_from(MODELS), remote_host=st.sampled_from(["", "", "https://ollama.com:443"]))
listings = st.builds(
    Listing,
    reachable=st.sampled_from([None, True, False]),
    models=st.lists(infos, max_size=4, unique_by=lambda info: info.name).map(tuple),
    place=st.sampled_from([None, "machine", "lan", "cloud"]),
)


def providers(name: str) -> st.SearchStrategy[Provider]:
    return st.builds(
        provider,
        st.just(name),
        st.sampled_from(["ollama", "ollama", "openai_chat"]),
        st.sampled_from(ADDRESSES),
        place=st.sampled_from([None, None, "machine", "lan", "cloud"]),
        remote_models=st.booleans(),
        pull=st.sampled_from(["never", "background"]),
        default_model=st.sampled_from([None, "a", "c:cloud"]),
    )


all_settings = st.builds(
    Settings,
    mode=modes,
    default_model=st.one_of(st.none(), asked),
    providers=st.fixed_dictionaries({}, optional={name: providers(name) for name in PROVIDERS}),
    models=st.dictionaries(
        st.sampled_from(ALIASES), st.builds(Alias, entries, st.sampled_from(["local_first", "as_listed", "cheapest"]))
    ),
    fallback=st.builds(
        Fallback,
        cloud=entries,
        by_model=st.dictionaries(st.sampled_from(MODELS + ALIASES), entries, max_size=2),
        tasks=st.sampled_from([TASKS, TASKS, TASKS, ("chat",), ()]),
    ),
    tasks=st.builds(Tasks, *[st.one_of(st.none(), asked)] * 3),
    apps=st.fixed_dictionaries(
        {}, optional={"zed": st.builds(App, match=st.just(Match()), mode=modes, models=st.one_of(st.none(), entries))}
    ),
)
states = st.builds(
    TargetState,
    loaded=st.sampled_from([None, True, False]),
    in_flight=st.integers(0, 9),
    queued=st.integers(0, 40),
    resting_until=st.sampled_from([0.0, 1e9]),
)
targets = st.sampled_from([f"{one}/{model}" for one in PROVIDERS for model in MODELS])
worlds = st.builds(
    World,
    now=st.just(100.0),
    mode=modes,
    machine=st.builds(
        Machine, other_cpu=st.sampled_from([None, 0.1, 0.95]), free_memory=st.sampled_from([None, 0.01, 0.9])
    ),
    states=st.dictionaries(targets, states, max_size=3),
    providers=st.dictionaries(
        st.sampled_from(PROVIDERS), st.builds(ProviderState, reachable=st.sampled_from([None, True, False]))
    ),
)
needs = st.frozensets(st.sampled_from(["tools", "images", "json_schema", "suffix"]), max_size=1)
wishes = st.builds(Wishes, context=st.sampled_from(["refuse", "route"]))


def call_of(name: str, mode: Mode, task: Task, need: frozenset[Need], wish: Wishes, settings: Settings) -> Call:
    """Return a call as the server makes it: its mode is the tightest of the file's, its app's and its own."""
    app = settings.apps.get("zed")
    limits = [mode, settings.mode] + ([app.mode] if app and app.mode else [])
    return a_call(name, mode=tightest(*limits), task=task, needs=need, app="zed" if app else "", wishes=wish)


@how_often(max_examples=400)
@given(
    settings=all_settings,
    listed=st.dictionaries(st.sampled_from(PROVIDERS), listings),
    world=worlds,
    name=asked,
    mode=modes,
    task=tasks,
    asks=st.tuples(needs, wishes),
    override=st.one_of(st.none(), asked),
)
def test_no_path_leads_beyond_the_mode(
    settings: Settings,
    listed: dict[str, Listing],
    world: World,
    name: str,
    mode: Mode,
    task: Task,
    asks: tuple[frozenset[Need], Wishes],
    override: str | None,
) -> None:
    """G2: offline means this machine and no forwarded model, lan means no cloud, `local/` this machine alone;
    who leaves is of a kind that may; an Ollama forwards only where the config says so. And there is always an answer.
    """
    call = call_of(name, mode, task, *asks, settings)
    resolution = Catalog(settings, Inventory(listed), override).resolve(name, task)

    made = plan(call, resolution, world, settings)

    assert bool(made.candidates) != (made.problem is not None)
    for target in (*(one.target for one in made.candidates), *made.warm):
        assert target.place in REACH[tightest(call.mode, world.mode, settings.mode)]
        assert target.place != "machine" or not target.remote
        assert target.place != "cloud" or task in settings.fallback.tasks
        assert not target.remote or settings.providers[target.provider].remote_models
    assert not made.pulls or made.mode in {"prefer-local", "any"}
    _says_why(made)


def _says_why(made: Plan) -> None:
    assert all(one.reason for one in made.candidates)
    assert all(verdict.detail for one in made.refused for verdict in one.verdicts)
    assert made.problem is None or made.problem.message


@given(settings=all_settings, listed=st.dictionaries(st.sampled_from(PROVIDERS), listings), name=asked, task=tasks)
def test_a_tighter_mode_never_adds_a_candidate(
    settings: Settings, listed: dict[str, Listing], name: str, task: Task
) -> None:
    """G2: from any to offline candidates only go, save a model known to be missing that is asked when alone."""
    resolution = Catalog(settings, Inventory(listed)).resolve(name, task)

    reached = [
        {
            one.target.name
            for one in plan(a_call(name, mode=mode, task=task), resolution, World(), settings).candidates
            if one.target.installed
        }
        for mode in MODES
    ]

    assert all(tight <= loose for tight, loose in pairwise(reached))


@how_often(max_examples=400)
@given(settings=all_settings, listed=st.dictionaries(st.sampled_from(PROVIDERS), listings), name=asked, world=worlds)
def test_local_before_a_name_is_a_promise(
    settings: Settings, listed: dict[str, Listing], name: str, world: World
) -> None:
    """G2: whatever NAME stands for, `local/NAME` is answered on this machine or not at all."""
    call = a_call(f"local/{name}")
    resolution = Catalog(settings, Inventory(listed)).resolve(call.outline.model, "chat")

    made = plan(call, resolution, world, settings)

    assert {one.target.place for one in made.candidates} <= {"machine"}
    assert not any(one.target.remote for one in made.candidates)


def test_a_forwarded_model_needs_the_users_word() -> None:
    """T31: an innocent name with a `remote_host` is refused, and the error names the switch; with it, it is cloud."""
    willing = household(providers={"ollama": ollama(remote_models=True)})

    refused = planned(a_call("innocent"))
    allowed = planned(a_call("innocent"), willing)
    offline = planned(a_call("innocent", mode="offline"), willing)

    assert isinstance(refused.problem, Forbidden)
    assert "remote_models = true in [providers.ollama]" in refused.problem.text
    assert tried(allowed) == ["ollama/innocent:latest"]
    assert isinstance(offline.problem, Forbidden)


def test_a_cloud_suffix_needs_no_installation_to_be_recognised() -> None:
    """T31: Ollama would forward `gpt-oss:120b-cloud` although it lists no such model."""
    made = planned(a_call("gpt-oss:120b-cloud", mode="offline"))

    assert isinstance(made.problem, Forbidden)
    assert made.candidates == ()


def test_autocomplete_stays_home_unless_listed() -> None:
    """[fallback] tasks names the kinds of request that may leave, even to a cloud model asked for by name."""
    home = planned(a_call("openrouter/x", task="autocomplete"))
    free = planned(a_call("openrouter/x", task="autocomplete"), household(fallback=Fallback(tasks=("autocomplete",))))

    assert isinstance(home.problem, Forbidden)
    assert 'Add "autocomplete" to tasks in [fallback]' in home.problem.text
    assert tried(free) == ["openrouter/x"]
