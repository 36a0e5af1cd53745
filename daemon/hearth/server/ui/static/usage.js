// Usage: what was asked over days, by whom, of which model and where, what it cost, and what home saved.

import { get, query } from "./api.js";
import { daily, share } from "./charts.js";
import { fill, h, section, table, tiles } from "./dom.js";
import { DASH, PLACES, clock, compact, counted, day, milliseconds, money, moneys, number, percent } from "./words.js";

const SPANS = [["7", "7 days"], ["30", "30 days"], ["90", "90 days"], ["365", "a year"]];
const GROUPS = [["model", "Model"], ["app", "App"], ["place", "Place"], ["provider", "Provider"], ["key", "Key"]];
const EMPTY = { calls: 0, local_calls: 0, input_tokens: 0, output_tokens: 0, costs: {} };

/** Every day of the span, those without a call too. */
function whole(rows, count) {
  const known = new Map(rows.map((row) => [row.name, row])), now = new Date();
  return Array.from({ length: count }, (_, index) => {
    const name = day(new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index), 12));
    return known.get(name) || { ...EMPTY, name };
  });
}

function totals(figures, report) {
  const total = report.total || EMPTY, saved = total.saved || {};
  figures.update([
    ["calls", compact(total.calls), [total.errors ? `${compact(total.errors)} failed` : "", total.refused ? `${compact(total.refused)} refused` : ""].filter(Boolean).join(", ")],
    ["answered at home", total.calls ? percent(total.local_calls / total.calls) : null],
    ["tokens in", compact(total.input_tokens)],
    ["tokens out", compact(total.output_tokens), total.estimated ? "some estimated" : ""],
    ["spent", moneys(total.costs), total.unknown_costs ? `+ ${compact(total.unknown_costs)} of unknown price` : ""],
    ["saved by answering at home", Object.keys(saved).length ? moneys(saved) : null],
  ]);
  return total.compared?.length ? `What was saved is told against the prices of ${total.compared.join(", ")}${total.uncompared ? `; ${counted(total.uncompared, "answer")} could not be compared` : ""}.` : "";
}

function charts(report, count) {
  const days = whole(report.rows, count), currencies = [...new Set(report.rows.flatMap((row) => Object.keys(row.costs)))].filter(Boolean);
  return [
    daily("Calls a day", days, [
      { title: "on this machine", fill: "fill-a", of: (one) => one.local_calls },
      { title: "elsewhere or nowhere", fill: "fill-b", of: (one) => one.calls - one.local_calls }], compact),
    daily("Tokens a day", days, [
      { title: "in", fill: "fill-c", of: (one) => one.input_tokens },
      { title: "out", fill: "fill-d", of: (one) => one.output_tokens }], compact),
    ...currencies.map((currency) => daily(`Cost a day, ${currency}`, days, [
      { title: "known cost", fill: "fill-d", of: (one) => Object.hasOwn(one.costs, currency) ? one.costs[currency] : 0 }], (value) => money(value),
    "Answers whose price is unknown are not in these bars; the table below counts them.")),
  ];
}

export function build(page, app) {
  const figures = tiles(), drawn = h("div", { class: "columns" });
  const state = h("p", { class: "quiet tiny", role: "status" });
  const period = h("select", { name: "days", onchange: () => again() }, SPANS.map(([value, text]) => h("option", { value, selected: value === "30" }, text)));
  const group = h("select", { name: "by", onchange: () => again() }, GROUPS.map(([value, text]) => h("option", { value }, text)));
  const against = h("p", { class: "quiet tiny" });
  let most = 1, mark = "", next = 0;
  const rows = table({
    columns: [
      { title: "Name", kind: "name", cell: (row) => (group.value === "place" && PLACES[row.name]) || row.name || DASH },
      { title: "Calls", kind: "right", cell: (row) => number(row.calls) },
      { title: "", kind: "extra", cell: (row) => h("span", { title: number(row.calls) }, share(row.calls / most)) },
      { title: "Failed", kind: "right", cell: (row) => number(row.errors) },
      { title: "Refused", kind: "right", cell: (row) => number(row.refused) },
      { title: "Tokens in", kind: "right", cell: (row) => number(row.input_tokens) },
      { title: "Tokens out", kind: "right", cell: (row) => number(row.output_tokens) },
      { title: "Cost", kind: "right", cell: (row) => moneys(row.costs, row.unknown_costs) },
      { title: "Saved", kind: "right", cell: (row) => Object.keys(row.saved || {}).length ? moneys(row.saved) : DASH },
      { title: "First token", kind: "right", cell: (row) => row.first_token_p50_ms ? `≈ ${milliseconds(row.first_token_p50_ms)}` : DASH },
      { title: "Tokens/s", kind: "right", cell: (row) => row.tokens_per_s_p50 ? `≈ ${row.tokens_per_s_p50.toFixed(1)}` : DASH },
    ],
    key: (row) => row.name,
    empty: "Nothing was asked in this time.",
  });
  const note = h("p", { class: "quiet tiny" });
  page.append(
    h("div", { class: "heading" }, h("h1", null, "Usage"), h("label", { class: "field" }, "Time", period)),
    state, figures.element, against, drawn,
    section("In detail", h("label", { class: "field" }, "By", group), rows.element, note),
  );

  /** Draw anew; a table that somebody has opened stays open. */
  function redraw(sections) {
    const open = [...drawn.querySelectorAll("details")].map((one) => one.open);
    fill(drawn, sections);
    drawn.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? false; });
  }

  function again() { next = 0; mark = ""; app.refresh(); }

  return {
    async refresh() {
      if (Date.now() < next) return;
      const count = Number(period.value);
      const [days, grouped] = await Promise.all([get(`ui/usage?${query({ by: "day", days: count })}`), get(`ui/usage?${query({ by: group.value, days: count })}`)]);
      const pending = days.pending || grouped.pending;
      next = Date.now() + (pending ? 300 : 5000);
      const done = Math.min(days.done, grouped.done);
      state.textContent = days.problem || grouped.problem || (pending && done < days.days ? `Adding up: ${done} of ${days.days} days so far, the newest first.` : "");
      state.hidden = !state.textContent;
      if (pending) setTimeout(() => page.contains(state) && app.refresh(), 320);
      const now = JSON.stringify([count, days.report?.rows]);
      if (days.report && mark !== now) {
        mark = now;
        const prices = app.status?.price_list ? ` Public prices: ${app.status.price_list}.` : "";
        against.textContent = `${totals(figures, days.report)}${prices}`.trim();
        redraw(charts(days.report, count));
      }
      if (grouped.report) {
        most = Math.max(1, ...grouped.report.rows.map((row) => row.calls));
        rows.update(grouped.report.rows);
        note.textContent = `First token and tokens a second are the typical ones of each day, weighed by its calls.${grouped.at ? ` As of ${clock(grouped.at)}.` : ""}`;
      }
    },
  };
}
