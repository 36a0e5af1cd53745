// The frame around the pages: which one is shown, the state beside it, and the beat that keeps both current.

import { ApiError, get, post } from "./api.js";
import { fill, h, say } from "./dom.js";
import { counted, span } from "./words.js";

const PAGES = {
  __proto__: null,
  now: ["Now", () => import("./now.js")],
  models: ["Models", () => import("./models.js")],
  usage: ["Usage", () => import("./usage.js")],
  why: ["Why", () => import("./why.js")],
  try: ["Try it", () => import("./try.js")],
  providers: ["Providers", () => import("./providers.js")],
  privacy: ["Privacy", () => import("./privacy.js")],
  config: ["Config", () => import("./config.js")],
};
const MODES = { __proto__: null, offline: "machine", lan: "lan", "prefer-local": "cloud", any: "cloud" };
const BEAT_MS = 1000, REST_MS = 4000;
const element = (id) => document.getElementById(id);

let shown = null;     // the page in view: {name, refresh, close}
let turn = 0;         // counts page changes, so that a late import does not win
let beat = 0;
let asking = false;
let feed = null;
let leaving = false;

/** What pages may use of the frame. */
const app = {
  status: null,
  /** Say something at the edge of the page, and to screen readers. */
  tell(text) {
    const line = h("p", null, text);
    element("said").append(line);
    setTimeout(() => line.remove(), 7000);
  },
  /** Do something a person asked for; what goes wrong is told. Returns whether it went well. */
  async act(work, done) {
    try {
      const found = await work();
      if (done) app.tell(typeof done === "function" ? done(found) : done);
      await refresh();
      return true;
    } catch (error) {
      app.failed(error);
      return false;
    }
  },
  failed(error) {
    if (!(error instanceof ApiError)) throw error;
    app.tell(error.message);
  },
  refresh: () => refresh(),
};

function nav() {
  fill(element("pages"), Object.entries(PAGES).map(([name, [title]]) => h("a", { href: `#${name}`, "data-page": name }, title)));
}

/** The page that the address names, and what of it; an address that cannot be read names none. */
function wanted() {
  try { return decodeURIComponent(location.hash.slice(1)).split("/"); } catch { return [""]; }
}

async function show() {
  const [name, ...rest] = wanted();
  const known = PAGES[name] ? name : "now";
  const mine = ++turn;
  for (const link of element("pages").children) {
    if (link.dataset.page === known) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const module = await PAGES[known][1]();
  if (mine !== turn) return;
  const moved = shown !== null;
  shown?.close?.();
  document.title = `${PAGES[known][0]} · Hearth`;
  const page = element("page");
  fill(page);
  shown = { name: known, ...module.build(page, app, rest.join("/")) };
  if (moved) { page.focus({ preventScroll: true }); scrollTo(0, 0); }
  if (app.status) shown.refresh?.(app.status);
  await refresh();
  if (mine === turn) page.dataset.ready = known;
}

function state(status) {
  fill(element("state"),
    h("a", { href: "#privacy", class: `badge ${MODES[status.mode] ?? ""}`, title: "Privacy mode" },
      h("span", { class: "dot" }), status.stopped ? "all outside is stopped" : status.mode),
    status.config.error && h("a", { href: "#config", class: "badge bad" }, "config error"),
    h("span", { class: "wide" }, `Hearth ${status.version}`),
    h("span", { class: "wide" }, `up ${span(status.uptime_s)}, ${counted(status.served, "call")}`),
    h("span", { class: "wide" }, h("button", { type: "button", id: "leave", onclick: leave }, "Sign out")));
}

function banner(text) {
  const place = element("banner");
  place.hidden = !text;
  if (text) say(place, text);
}

async function refresh() {
  if (asking) return;
  asking = true;
  try {
    const status = await get("status");
    app.status = status;
    if (!feed || feed.readyState === EventSource.CLOSED) listen();
    const before = element("state").dataset.of, now = JSON.stringify([status.mode, status.stopped, status.config.error, Math.floor(status.uptime_s / 5), status.served]);
    if (before !== now) { state(status); element("state").dataset.of = now; }
    banner(status.config.error ? `Config error: ${status.config.error} The last good settings stay in force.`
      : status.ledger.state === "ok" ? "" : `The usage log is ${status.ledger.state}: ${status.ledger.reason}`);
    await shown?.refresh?.(status);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401 || error.status === 403) signedOut();
    else banner(error.message);
  } finally {
    asking = false;
  }
}

/** Hear what happens, so that a change shows at once and not with the next beat. */
function listen() {
  feed = new EventSource("/hearth/v1/events");
  let soon = 0;
  const heard = () => {
    if (!soon) soon = setTimeout(() => { soon = 0; refresh(); }, 200);
  };
  for (const kind of ["call", "call_ended", "mode", "kill_switch", "default_model", "config_loaded", "config_error", "model_changed",
    "pull", "pull_failed", "load_failed", "prompt_cut", "budget_alert", "budget_spent", "budget_refused", "key_refused", "key_rests", "key_back",
    "target_down", "target_back", "gpu_lost", "rate_limited"]) feed.addEventListener(kind, heard);
}

async function leave() {
  leaving = true;
  try { await post("ui/leave"); } finally { signedOut(); }
}

/** Say how to come back; a look that was under way while its user left may say it again. */
function signedOut() {
  const why = leaving ? "You are signed out." : "This browser is not signed in.";
  clearInterval(beat);
  feed?.close();
  turn += 1;
  shown?.close?.();
  shown = null;
  document.body.classList.add("signed-out");
  document.title = "Sign in · Hearth";
  const page = element("page");
  page.className = "alone";
  fill(page, h("h1", null, why), h("p", null, "Type ", h("code", null, "hearth ui"), " in a terminal: it opens this page, signed in."),
    h("p", { class: "quiet" }, "The link works once, within a minute, and only for you. Everything here is also in the hearth command: ",
      h("code", null, "hearth status"), ", ", h("code", null, "hearth usage"), ", ", h("code", null, "hearth why"), "."));
  page.dataset.ready = "signed-out";
}

function keepCurrent() {
  let rested = 0;
  beat = setInterval(() => {
    if (document.hidden) return;
    rested += BEAT_MS;
    const busy = shown?.name === "now" || shown?.name === "models" || app.status?.calls.length;
    if (busy || rested >= REST_MS) { rested = 0; refresh(); }
  }, BEAT_MS);
  // A browser keeps six connections to a host: a page that nobody looks at gives its feed back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { feed?.close(); feed = null; } else if (shown) refresh();
  });
}

nav();
keepCurrent();
addEventListener("hashchange", show);
await show();
