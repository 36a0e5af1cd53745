// Bar charts over days, each with the table of its numbers behind it.

import { h, section, svg } from "./dom.js";

const WIDE = 460, HIGH = 165, LEFT = 42, BOTTOM = 22, TOP = 8;

/** A round number at least as large, for the top of the scale. */
function ceiling(value) {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].map((step) => step * unit).find((top) => top >= value);
}

function bars(days, series, words) {
  const top = ceiling(Math.max(0, ...days.map((day) => series.reduce((sum, one) => sum + one.of(day), 0))));
  const room = (WIDE - LEFT) / days.length, width = Math.max(1, Math.min(26, room * 0.72)), deep = HIGH - TOP - BOTTOM;
  const y = (value) => TOP + deep * (1 - value / top);
  const grid = [0, 0.5, 1].map((share) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDE, y1: y(top * share), y2: y(top * share) }),
    svg("text", { x: LEFT - 7, y: y(top * share) + 4, "text-anchor": "end" }, words(top * share)),
  ]);
  const step = Math.ceil(days.length / 7);
  const columns = days.map((day, index) => {
    const x = LEFT + index * room + (room - width) / 2;
    let done = 0;
    const pieces = series.map((one) => {
      const value = one.of(day), from = done;
      done += value;
      return value > 0 && svg("rect", { class: one.fill, x, width, y: y(done), height: Math.max(0.5, y(from) - y(done)), rx: 1.5 });
    });
    const label = (days.length - 1 - index) % step === 0 &&
      svg("text", { x: x + width / 2, y: HIGH - 5, "text-anchor": "middle" }, day.name.slice(5));
    const said = `${day.name}: ${series.map((one) => `${words(one.of(day))} ${one.title}`).join(", ")}`;
    return svg("g", null, svg("title", null, said), svg("rect", { x: LEFT + index * room, y: TOP, width: room, height: deep, "fill-opacity": 0 }), pieces, label);
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${HIGH}`, "aria-hidden": "true" }, grid, columns);
}

/**
 * A section with a chart of days, a legend, and its table. `days` are {name: "2026-11-21", …};
 * `series` are {title, fill, of(day) → number}; `words` writes a number.
 */
export function daily(title, days, series, words, note) {
  const legend = h("div", { class: "legend" }, series.map((one) =>
    h("span", null, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: one.fill, width: 10, height: 10, rx: 2 })), one.title)));
  const rows = [...days].reverse().map((day) => h("tr", null, h("th", { scope: "row" }, day.name), series.map((one) => h("td", { class: "right" }, words(one.of(day))))));
  const numbers = h("table", null, h("thead", null, h("tr", null, h("th", { scope: "col" }, "Day"), series.map((one) => h("th", { scope: "col", class: "right" }, one.title)))), h("tbody", null, rows));
  return section(title, legend, bars(days, series, words), note && h("p", { class: "quiet tiny" }, note),
    h("details", null, h("summary", null, "The numbers as a table"), h("div", { class: "scroll" }, numbers)));
}

/** A small bar of a share from 0 to 1. */
export const share = (value, fill = "fill-d") => svg("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
  svg("rect", { class: fill, width: Math.max(0, Math.min(100, value * 100)), height: 6 }));
