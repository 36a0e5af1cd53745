// Why: any call, with everybody who could have answered it, the verdict on each, every attempt, and its times.

import { get, query } from "./api.js";
import { badge, facts, fill, h, place, section, svg, table } from "./dom.js";
import { CALLS, ENDINGS, ending } from "./now.js";
import { DASH, PLACES, bytes, clock, milliseconds, money, number, span } from "./words.js";

const SPANS = [["1", "a day"], ["7", "7 days"], ["30", "30 days"], ["", "all time"]];

const tokens = (one) => `${number(one.input_tokens)} in, ${number(one.output_tokens)} out${one.cached_tokens ? `, ${number(one.cached_tokens)} cached` : ""}${one.estimated ? " (estimated)" : ""}`;
const cost = (one) => one.cost === null ? "unknown" : `${money(one.cost, one.currency)}${one.cost_source ? `, by ${one.cost_source}` : ""}`;

/** Where the time went, as one bar: waiting in the queue, until the first token, the answer itself. */
function course(call) {
  const total = Math.max(call.total_ms, 0.001), first = call.first_token_ms ?? total;
  const parts = [["fill-c", "queue", Math.min(call.queue_ms, first)], ["fill-b", "until the first token", Math.max(0, first - call.queue_ms)], ["fill-a", "the answer", Math.max(0, total - first)]];
  let at = 0;
  const pieces = parts.map(([fillClass, , took]) => {
    const x = at;
    at += took / total * 100;
    return took > 0 && svg("rect", { class: fillClass, x, width: took / total * 100, height: 6 });
  });
  return h("div", null, svg("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, pieces),
    h("div", { class: "legend" }, parts.filter(([, , took]) => took > 0).map(([fillClass, text, took]) => h("span", null,
      svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: fillClass, width: 10, height: 10, rx: 2 })), `${text} ${milliseconds(took)}`))));
}

function verdicts(plan, attempts) {
  const asked = new Set(attempts.map((one) => one.target));
  return section("Who could have answered", badge(`mode ${plan.mode}`),
    h("p", { class: "quiet" }, `“${plan.asked || "default"}” for ${plan.task}${plan.strategy ? `, strategy ${plan.strategy.replaceAll("_", " ")}` : ""}`),
    plan.steps?.length ? h("ol", { class: "steps quiet" }, plan.steps.map((step) => h("li", null, step))) : null,
    h("ol", { class: "steps" }, (plan.targets || []).map((one) => h("li", { value: one.order || 0 },
      h("strong", null, one.target), " ", place(one.place), " ", asked.has(one.target) ? badge("asked", "good") : one.order ? badge("in reserve") : badge("refused", "bad"),
      h("div", { class: "quiet" }, (one.why || []).join("; ") || one.reason || DASH)))),
    plan.problem && h("p", { class: "box bad" }, plan.problem),
    plan.near?.length ? h("p", null, `Names like it: ${plan.near.join(", ")}`) : null);
}

const attempt = (one) => section(`Attempt ${one.number}`, h("span", null, ending(one), " ", place(one.place)), facts([
  ["Asked", one.target], ["Reason", one.reason || "as planned"], ["Key", one.key_id], ["Address", one.address && h("code", null, one.address)],
  ["HTTP status", one.upstream_status], ["Problem", one.problem && `${one.problem.replaceAll("_", " ")}: ${one.detail}`],
  ["Connecting", one.connect_ms === null ? "" : milliseconds(one.connect_ms)], ["Loading", one.load_ms ? milliseconds(one.load_ms) : ""],
  ["First token", milliseconds(one.first_token_ms)], ["In all", milliseconds(one.total_ms)],
  ["Tokens", tokens(one)], ["Cost", cost(one)], ["Sent, received", `${bytes(one.bytes_out)}, ${bytes(one.bytes_in)}`]], true));

function past({ call, attempts, plan }) {
  return [
    section(`Call ${call.id}`, h("span", null, ending(call), " ", place(call.place)), facts([
      ["Asked", `${call.asked || "no model named"}${call.app ? ` by ${call.app}` : ""}`], ["At", clock(call.time)],
      ["Route", `${call.dialect}, ${call.route}, ${call.task}${call.stream ? ", streamed" : ""}`], ["Mode", call.mode],
      ["Answered by", call.target ? `${call.target}: ${call.reason}` : "nobody"], ["HTTP status", call.status || DASH],
      ["Problem", call.detail], ["Tokens", tokens(call)], ["Cost", cost(call)], ["Program", call.user_agent],
      ["Time", `${milliseconds(call.total_ms)} in all, Hearth's own part ${call.overhead_ms.toFixed(1)} ms`]], true), h("br"), course(call)),
    plan ? verdicts(plan, attempts) : section("Who could have answered", null, h("p", { class: "quiet" }, "One target fitted, and nothing spoke against it.")),
    ...attempts.map(attempt),
  ];
}

const alive = (call) => section(`Call ${call.id}`, h("span", null, badge(call.phase, "busy"), " ", place(call.place)), facts([
  ["Asked", `${call.asked || "no model named"}${call.app ? ` by ${call.app}` : ""}`], ["At", call.target], ["Place in the queue", call.position || ""],
  ["For", span(call.seconds)], ["Tokens", `≈ ${number(call.output_tokens)}`]]), h("p", { class: "quiet" }, "The rest is written down when it ends."));

function one(page, app, id) {
  const told = h("div"), link = h("p", null, h("a", { href: "#why" }, "All calls"));
  page.append(h("h1", null, "Why"), h("p", { class: "lead" }, "What happened to this call, and why."), link, told);
  let done = false;
  return {
    async refresh() {
      if (done) return;
      try {
        const found = await get(`calls/${encodeURIComponent(id)}`);
        done = !found.live;
        fill(told, found.live ? alive(found.live) : past(found));
      } catch (error) {
        if (error.status !== 404) throw error;
        done = true;
        fill(told, h("p", { class: "box note" }, error.message));
      }
    },
  };
}

function all(page, app) {
  const app_name = h("input", { name: "app", placeholder: "any", autocomplete: "off", size: 14 });
  const target = h("input", { name: "target", placeholder: "any", autocomplete: "off" });
  const any = () => h("option", { value: "" }, "any");
  const where = h("select", { name: "place" }, any(), Object.entries(PLACES).map(([value, text]) => h("option", { value }, text)));
  const within = h("select", { name: "within" }, SPANS.map(([value, text]) => h("option", { value, selected: value === "7" }, text)));
  const how = h("select", { name: "ending" }, any(), Object.keys(ENDINGS).map((value) => h("option", { value }, value.replace("_", " "))));
  const form = h("form", { class: "line", onsubmit: (event) => event.preventDefault(), onchange: () => { mark = ""; app.refresh(); } },
    [["Within", within], ["Place", where], ["Ended", how], ["App", app_name], ["Answered by", target]].map(([text, field]) => h("label", { class: "field" }, text, field)));
  const list = table({ columns: CALLS, key: (call) => call.id, empty: "No call fits." });
  let mark = "";
  page.append(h("h1", null, "Why"), h("p", { class: "lead" }, "Every call that was written down, newest first. Choose one to see who could have answered it and why it went where it did."),
    section("Calls", null, form, h("br"), list.element));
  return {
    async refresh(status) {
      const asked = query({ limit: 50, since: within.value && -86400 * within.value, place: where.value, ending: how.value, app: app_name.value.trim(), target: target.value.trim() });
      const now = `${asked}#${status.served - status.calls.length}`;
      if (mark === now) return;
      list.update(await get(`calls?${asked}`));
      mark = now;
    },
  };
}

export const build = (page, app, id) => id ? one(page, app, id) : all(page, app);
