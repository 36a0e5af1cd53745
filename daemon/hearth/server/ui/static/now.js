// Now: the calls in flight, what was answered last, and the machine at a glance.

import { get, post } from "./api.js";
import { badge, button, h, place, section, table, tiles } from "./dom.js";
import { DASH, bytes, clock, compact, counted, milliseconds, moneys, number, span } from "./words.js";

const PHASES = { __proto__: null, planning: "", queued: "note", waiting: "note", answering: "busy" };
/** How a call may end, and how good that is. */
export const ENDINGS = { __proto__: null, complete: "good", refused: "note", failed: "bad", truncated: "bad", client_gone: "", killed: "note" };

/** The badge of how a call ended. */
export const ending = (call) => badge(call.ending.replace("_", " "), ENDINGS[call.ending] ?? "");

/** The first columns of every list of calls. */
const WHOSE = [
  { title: "Asked", kind: "name", cell: (call) => h("a", { href: `#why/${encodeURIComponent(call.id)}` }, call.asked || "default") },
  { title: "App", cell: (call) => call.app || DASH },
];

/** The columns every list of past calls has. */
export const CALLS = [
  ...WHOSE,
  { title: "Answered by", kind: "wide", cell: (call) => call.target || "nobody" },
  { title: "Place", cell: (call) => place(call.place) },
  { title: "Why", cell: (call) => call.reason || DASH },
  { title: "Tokens in", kind: "right", cell: (call) => compact(call.input_tokens) },
  { title: "Tokens out", kind: "right", cell: (call) => compact(call.output_tokens) },
  { title: "Took", kind: "right", cell: (call) => milliseconds(call.total_ms) },
  { title: "Ended", cell: ending },
  { title: "At", kind: "right", cell: (call) => clock(call.time) },
];

/** Tokens a second from two looks at a call, since a status says only how many there are by now. */
function speeds() {
  const seen = new Map();
  return (calls) => {
    const ids = new Set(calls.map((call) => call.id));
    for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
    for (const call of calls) {
      const before = seen.get(call.id);
      const seconds = before ? call.seconds - before.seconds : 0;
      if (before && seconds < 0.7) { call.speed = before.speed; continue; }
      call.speed = before && call.output_tokens > before.tokens ? (call.output_tokens - before.tokens) / seconds : null;
      seen.set(call.id, { seconds: call.seconds, tokens: call.output_tokens, speed: call.speed });
    }
  };
}

export function build(page, app) {
  const figures = tiles();
  const flight = table({
    columns: [
      ...WHOSE,
      { title: "At", kind: "wide", cell: (call) => call.target || DASH },
      { title: "Place", cell: (call) => place(call.place) },
      { title: "Phase", cell: (call) => badge(call.position ? `queued, place ${call.position}` : call.phase, PHASES[call.phase] ?? "") },
      { title: "Tokens", kind: "right", cell: (call) => call.output_tokens ? `≈ ${number(call.output_tokens)}` : DASH },
      { title: "Tokens/s", kind: "right", cell: (call) => call.speed ? call.speed.toFixed(call.speed < 10 ? 1 : 0) : DASH },
      { title: "For", kind: "right", cell: (call) => span(call.seconds) },
      { title: "", kind: "actions", once: true, cell: (call) => button("Cancel", () =>
        app.act(() => post(`calls/${encodeURIComponent(call.id)}/cancel`), "The call was cancelled."),
      { "aria-label": `Cancel the call for ${call.asked || "default"}` }) },
    ],
    key: (call) => call.id,
    empty: "No call is in flight.",
  });
  const warm = table({
    columns: [
      { title: "Loaded", kind: "name", cell: (model) => model.name },
      { title: "Memory", kind: "right", cell: (model) => bytes(model.size ?? model.size_vram) },
      { title: "In flight", kind: "right", cell: (model) => number(model.in_flight) },
      { title: "Waiting", kind: "right", cell: (model) => number(model.queued) },
    ],
    key: (model) => model.name,
    empty: "No model is loaded. The first call loads one.",
  });
  const past = table({ columns: CALLS, key: (call) => call.id, empty: "No call has been written down yet. Try one under “Try it”." });
  const count = h("span", { class: "quiet" });
  page.append(
    h("h1", null, "Now"), h("p", { class: "lead" }, "What this Hearth is doing at this moment."),
    figures.element,
    section("In flight", count, flight.element),
    section("Last answered", h("a", { href: "#why" }, "All calls"), past.element),
    section("In memory", h("a", { href: "#models" }, "All models"), warm.element),
  );
  const measure = speeds();
  let served = -1, today = null;
  return {
    async refresh(status) {
      measure(status.calls);
      count.textContent = counted(status.calls.length, "call");
      flight.update(status.calls);
      warm.update(status.loaded);
      if (served !== status.served - status.calls.length) {
        served = status.served - status.calls.length;
        past.update(await get("calls?limit=12"));
      }
      const sums = await get("ui/usage?by=day&days=1").catch(() => null);
      today = sums?.report ? sums.report.total ?? sums.report.rows[0] ?? {} : today;
      figures.update([
        ["calls today", today ? compact(today.calls ?? 0) : null, today?.calls ? `${compact(today.local_calls)} at home` : ""],
        ["tokens today", today ? compact((today.input_tokens ?? 0) + (today.output_tokens ?? 0)) : null],
        ["spent today", today ? moneys(today.costs) : null, today?.unknown_costs ? `+ ${compact(today.unknown_costs)} of unknown price` : ""],
        ["default model", status.default_model || null],
        ["Hearth's memory", bytes(status.own.memory)],
        ["up", span(status.uptime_s)],
      ]);
    },
  };
}
