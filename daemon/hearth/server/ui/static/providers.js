// Providers and keys: who can be asked, whether they answer, and what room is left. A key is shown by its id alone.

import { post } from "./api.js";
import { badge, button, facts, fill, h, keyed, place, section } from "./dom.js";
import { DASH, money, number, span } from "./words.js";

const GOOD = ["ok", "good", "ready", "usable", "fresh", "set"];
const BAD = ["refused", "revoked", "missing", "bad", "invalid", "unusable"];
const tone = (state) => GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : "note";
const SAID = ["id", "state", "rests_s", "last_error", "error", "provider"];

/** A figure whose name the daemon chose, as people read it. */
function figure(name, value) {
  if (value === null || value === undefined || value === "") return DASH;
  if (typeof value === "number") return name.endsWith("_s") ? span(value) : number(Math.round(value * 1e6) / 1e6);
  if (typeof value === "object") return Object.entries(value).map(([of, amount]) => typeof amount === "number" && of.length === 3 ? money(amount, of) : `${of} ${amount}`).join(", ") || DASH;
  return String(value);
}

function keys(found) {
  if (!found.length) return h("p", { class: "quiet" }, "Takes no key, or has none yet.");
  const more = [...new Set(found.flatMap((key) => Object.keys(key)))].filter((name) => !SAID.includes(name) && found.some((key) => figure(name, key[name]) !== DASH));
  const columns = ["Key", "State", ...more.map((name) => name.replace(/_s$/, "").replaceAll("_", " ")), "Rests", "Last error"];
  return h("div", { class: "scroll" }, h("table", { class: "cards" }, h("thead", null, h("tr", null, columns.map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", null, found.map((key) => h("tr", null, [
      [h("code", null, key.id)], [badge(key.state, tone(key.state))], ...more.map((name) => [figure(name, key[name])]),
      [key.rests_s ? span(key.rests_s) : DASH], [key.last_error || key.error || DASH]].map((content, index) => h("td", { "data-of": columns[index], class: index ? null : "name" }, content)))))));
}

function findings(found) {
  return h("ul", { class: "steps" }, found.map((one) => h("li", null, badge(one.state, { ok: "good", note: "note", bad: "bad" }[one.state]), " ", one.text,
    one.next_step && h("span", { class: "quiet" }, ` ${one.next_step}`))));
}

function card(app, first) {
  const about = h("div"), pool = h("div"), looked = h("div"), marks = h("span");
  const check = button("Check", () => app.act(async () => {
    fill(looked, h("p", { class: "quiet" }, "Looking …"));
    try { fill(looked, h("h3", null, "What the check found"), findings((await post("doctor", { provider: first.name, free: true })).findings)); }
    catch (error) { fill(looked); throw error; }
  }), { "aria-label": `Check ${first.name}` });
  const element = section(first.name, h("span", null, marks, " ", check), about, h("br"), pool, looked);
  let before = "";
  const state = (one) => one.reachable === null ? badge("not asked yet") : one.reachable ? badge("answers", "good") : badge("does not answer", "bad");
  return {
    element,
    update: (one) => {
      const now = JSON.stringify(one);
      if (now === before) return;
      before = now;
      fill(marks, place(one.place), " ", state(one));
      fill(about, facts([["Address", h("code", null, one.address)], ["Speaks", one.dialect], ["Version", one.version], ["Last error", one.error],
        ["Rests", one.rests_s ? span(one.rests_s) : ""], ["Last asked", one.checked_s ? `${span(one.checked_s)} ago` : ""], ["Took", one.latency_ms ? `${number(Math.round(one.latency_ms))} ms` : ""]]));
      fill(pool, keys(one.keys));
    },
  };
}

export function build(page, app) {
  const list = h("div", { class: "columns" }), budgets = h("div"), nobody = h("p", { class: "empty" }, "No provider is configured. The file's [providers] adds some.");
  page.append(h("h1", null, "Providers and keys"), h("p", { class: "lead" }, "Who can be asked, and how they are. A check asks for the list of models only, which costs nothing."), nobody, list, budgets);
  const update = keyed(list, (one) => one.name, (one) => card(app, one));
  let before = "";
  return {
    refresh(status) {
      nobody.hidden = status.providers.length > 0;
      const pools = new Map((status.keys || []).map((one) => [`${one.provider}/${one.id}`, one]));
      update(status.providers.map((one) => ({ ...one, keys: one.keys.map((key) => ({ ...key, ...pools.get(`${one.name}/${key.id}`) })) })));
      const now = JSON.stringify(status.budgets || []);
      if (now === before) return;
      before = now;
      fill(budgets, (status.budgets || []).length > 0 && section("Budgets", null, ...status.budgets.map((one) => facts(Object.entries(one).map(([name, value]) => [name.replaceAll("_", " "), figure(name, value)])))));
    },
  };
}
