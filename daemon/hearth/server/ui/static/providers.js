// Providers and keys: who can be asked, whether they answer, and what room is left. A key is shown by its id alone.

import { post } from "./api.js";
import { share } from "./charts.js";
import { badge, button, facts, fill, h, keyed, place, section, table } from "./dom.js";
import { DASH, bytes, clock, counted, money, number, percent, span } from "./words.js";

const words = (name) => name.replaceAll("_", " ");
const tone = (state) => state === "ready" ? "good" : ["key_refused", "missing", "forbidden"].includes(state) ? "bad" : "note";

/** What is left of one limit, in words and as a bar. */
function room(one) {
  const limit = one.limit ? ` of ${number(one.limit)}` : "", back = one.resets_s ? `, all of it in ${span(one.resets_s)}` : "";
  return h("div", { class: "room tiny" }, h("span", null, `${number(one.left)}${limit} ${one.what}${one.per ? ` a ${one.per}` : ""}${one.model ? ` for ${one.model}` : ""} left${back}`),
    one.limit ? share(one.left / one.limit, one.left > 0 ? "fill-a" : "fill-d") : null);
}

const COLUMNS = [
  ["Key", (key) => h("code", null, key.id)],
  ["State", (key) => h("span", null, badge(words(key.state), tone(key.state)), key.rests_s ? h("span", { class: "quiet tiny" }, ` for ${span(key.rests_s)}`) : null,
    key.barred?.length ? h("span", { class: "quiet tiny" }, ` not for ${key.barred.join(", ")}`) : null,
    Object.entries(key.limited ?? {}).map(([model, seconds]) => h("span", { class: "quiet tiny" }, ` ${model} rests for ${span(seconds)}`)))],
  ["Used", (key) => counted(key.uses ?? 0, "time")],
  ["Room", (key) => key.room?.length ? key.room.map(room) : "no limit known"],
  ["Last error", (key) => key.last_error ? `${key.last_error}${key.last_error_at ? ` (${clock(key.last_error_at)})` : ""}` : DASH],
];

function keys(found) {
  if (!found.length) return h("p", { class: "quiet" }, "Takes no key.");
  return h("div", { class: "scroll" }, h("table", { class: "cards" },
    h("thead", null, h("tr", null, COLUMNS.map(([title]) => h("th", { scope: "col" }, title)))),
    h("tbody", null, found.map((key) => h("tr", null, COLUMNS.map(([title, cell]) => h("td", { "data-of": title, class: title === "Room" || title === "Last error" ? "wide" : null }, cell(key))))))));
}

const findings = (found) => h("ul", { class: "steps" }, found.map((one) => h("li", null,
  badge(one.state, one.state === "ok" ? "good" : one.state), " ", one.text, one.next_step && h("span", { class: "quiet" }, ` ${one.next_step}`))));

const state = (one) => one.reachable === null ? badge("not asked yet") : one.reachable ? badge("answers", "good") : badge("does not answer", "bad");

function card(app, first) {
  const about = h("div"), pool = h("div"), looked = h("div"), marks = h("span");
  const check = button("Check", () => app.act(async () => {
    fill(looked, h("p", { class: "quiet" }, "Looking …"));
    try { fill(looked, h("h3", null, "What the check found"), findings((await post("doctor", { provider: first.name, free: true })).findings)); }
    catch (error) { fill(looked); throw error; }
  }), { "aria-label": `Check ${first.name}` });
  let before = "";
  return {
    element: section(first.name, h("span", null, marks, " ", check), about, h("br"), pool, looked),
    update: (one) => {
      const now = JSON.stringify(one);
      if (now === before) return;
      before = now;
      fill(marks, place(one.place), " ", state(one));
      fill(about, facts([["Address", h("code", null, one.address)], ["Speaks", one.dialect], ["Version", one.version],
        ["Last error", one.error], ["Rests", one.rests_s ? span(one.rests_s) : ""]]));
      fill(pool, keys(one.keys));
    },
  };
}

const HEALTH = { __proto__: null, well: "good", doubted: "note", tried: "note", rests: "bad" };

/** How providers and their models are, as their calls showed it. */
function health() {
  return table({
    columns: [
      { title: "Provider or model", kind: "name", cell: (one) => one.name },
      { title: "Place", cell: (one) => place(one.place) },
      { title: "State", cell: (one) => h("span", { title: one.why }, badge(one.state, HEALTH[one.state]), one.rests_s ? h("span", { class: "quiet tiny" }, ` for ${span(one.rests_s)}`) : null) },
      { title: "Went well", kind: "right", cell: (one) => percent(one.success) },
      { title: "First token", kind: "right", cell: (one) => one.first_token_s === null ? DASH : `≈ ${span(one.first_token_s)}` },
      { title: "Tokens/s", kind: "right", cell: (one) => one.tokens_per_s ? `≈ ${one.tokens_per_s.toFixed(1)}` : DASH },
      { title: "In flight", kind: "right", cell: (one) => one.in_flight ? `${number(one.in_flight)}${one.quiet_s ? `, quiet for ${span(one.quiet_s)}` : ""}` : DASH },
      { title: "Last look", kind: "wide", cell: (one) => one.check ? `${span(one.check.ago_s)} ago, ${Math.round(one.check.took_ms)} ms${one.check.error ? `: ${one.check.error}` : ""}` : DASH },
      { title: "Errors", kind: "wide", cell: (one) => Object.entries(one.errors).map(([kind, count]) => `${number(count)} ${words(kind)}`).join(", ") || one.why || DASH },
    ],
    key: (one) => one.name, empty: "No call has shown anything yet.",
  });
}

/** What is kept to answer again, where the config asks for it. */
function kept() {
  return table({
    columns: [
      { title: "Where", kind: "name", cell: (one) => h("code", null, one.path) },
      { title: "Answers", cell: (one) => one.answers },
      { title: "Embeddings", cell: (one) => one.embeddings },
      { title: "Hits", kind: "right", cell: (one) => number(one.hits) },
      { title: "Shared", kind: "right", cell: (one) => number(one.shared) },
      { title: "Missed", kind: "right", cell: (one) => number(one.misses) },
      { title: "Tokens saved", kind: "right", cell: (one) => number(one.saved_tokens) },
      { title: "On disk", kind: "right", cell: (one) => one.size === null ? `at most ${bytes(one.limit)}` : `${bytes(one.size)} of ${bytes(one.limit)}` },
      { title: "Note", kind: "wide", cell: (one) => one.note || DASH },
    ],
    key: (one) => one.path, empty: "No answer is kept. [cache] in hearth.toml asks for it.",
  });
}

function limits() {
  const budgets = table({
    columns: [
      { title: "For", kind: "name", cell: (one) => one.scope === "all" ? "everything" : `${one.scope} ${one.name}` },
      { title: "Each", cell: (one) => one.period },
      { title: "Spent", kind: "right", cell: (one) => money(one.spent, one.currency) },
      { title: "Set aside", kind: "right", cell: (one) => one.reserved ? money(one.reserved, one.currency) : DASH },
      { title: "Limit", kind: "right", cell: (one) => money(one.limit, one.currency) },
      { title: "Used up", cell: (one) => h("span", { title: `${money(one.spent + one.reserved)} of ${money(one.limit, one.currency)}` }, share(one.limit ? (one.spent + one.reserved) / one.limit : 1)) },
      { title: "State", cell: (one) => badge(one.state, one.state === "ok" ? "good" : one.state === "spent" ? "bad" : "note") },
      { title: "Unknown", kind: "right", cell: (one) => one.unknown ? counted(one.unknown, "cost") : DASH },
    ],
    key: (one) => `${one.scope}/${one.name}/${one.period}`, empty: "No budget is set. [budget] in hearth.toml sets one.",
  });
  const used = (now, most) => most === null || most === undefined ? number(now) : `${number(now)} of ${number(most)}`;
  const apps = table({
    columns: [
      { title: "App", kind: "name", cell: (one) => one.name },
      { title: "Under way", kind: "right", cell: (one) => used(one.in_flight, one.parallel) },
      { title: "Requests a minute", kind: "right", cell: (one) => used(one.requests, one.requests_per_minute) },
      { title: "Tokens a minute", kind: "right", cell: (one) => used(one.tokens, one.tokens_per_minute) },
      { title: "Turned away", kind: "right", cell: (one) => number(one.refused) },
    ],
    key: (one) => one.name, empty: "No app has a limit.",
  });
  return { budgets, apps };
}

export function build(page, app) {
  const list = h("div", { class: "columns" }), nobody = h("p", { class: "empty" }, "No provider is configured. [providers] in hearth.toml adds some.");
  const { budgets, apps } = limits(), shown = health(), cache = kept();
  page.append(h("h1", null, "Providers and keys"), h("p", { class: "lead" }, "Who can be asked, and how they are. A check asks for the list of models, which costs nothing."),
    nobody, list, section("Health", null, shown.element), section("Budgets", null, budgets.element), section("Apps with limits", null, apps.element), section("Kept answers", null, cache.element));
  const update = keyed(list, (one) => one.name, (one) => card(app, one));
  return {
    refresh(status) {
      nobody.hidden = status.providers.length > 0;
      update(status.providers);
      budgets.update(status.budgets || []);
      apps.update(status.apps || []);
      shown.update(status.health || []);
      cache.update(status.caches || []);
    },
  };
}
