// Builds elements from values. What others named becomes text nodes and checked attributes, never markup.

import { PLACES } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

function put(element, properties, children) {
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...there(children));
  return element;
}

/** What of some children is shown: lists may hold lists, and what a condition left out is nothing. */
const there = (children) => children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);

/** An HTML element: h("a", {href: "#now"}, "text", child, …). Strings are text. */
export const h = (tag, properties, ...children) => put(document.createElement(tag), properties, children);

/** The same for SVG. */
export const svg = (tag, properties, ...children) => put(document.createElementNS(SVG, tag), properties, children);

/** Set an element's text only if it differs, so that selections and screen readers are left alone. */
export function say(element, text) {
  const words = String(text);
  if (element.textContent !== words) element.textContent = words;
}

/** Replace an element's children. */
export const fill = (element, ...children) => {
  element.replaceChildren(...there(children));
  return element;
};

/**
 * Keep rows in step with items, each by its key: rows that stay keep their focus.
 * `make(item)` returns {element, update}; update(item) is called for every item each time.
 */
export function keyed(parent, key, make) {
  const known = new Map();
  return (items) => {
    const wanted = new Map(items.map((item) => [key(item), item]));
    for (const [name, row] of known) {
      if (wanted.has(name)) continue;
      row.element.remove();
      known.delete(name);
    }
    let before = parent.firstElementChild;
    for (const [name, item] of wanted) {
      if (!known.has(name)) known.set(name, make(item));
      const row = known.get(name);
      row.update(item);
      if (row.element === before) before = before.nextElementSibling;
      else parent.insertBefore(row.element, before);
    }
  };
}

/**
 * A table that follows its items; where it is narrow, each row becomes a card. Columns are {title, cell(item) → node
 * or text, kind: "right" | "name" | "wide" | "extra" | "actions"}; with `once` a cell is built once and kept.
 */
export function table({ columns, key, empty }) {
  const body = h("tbody", { role: "rowgroup" });
  const nothing = h("p", { class: "empty", hidden: true }, empty || "Nothing yet.");
  const element = h("table", { class: "cards", role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((one) =>
      h(one.title ? "th" : "td", one.title ? { scope: "col", role: "columnheader", class: one.kind === "right" ? "right" : null } : { role: "cell" }, one.title)))),
    body);
  const scroll = h("div", { class: "scroll" }, element);
  const update = keyed(body, key, (first) => {
    const cells = columns.map((one) => h("td", { class: one.kind, role: "cell", "data-of": one.title }));
    const last = [];
    columns.forEach((one, index) => { if (one.once) fill(cells[index], one.cell(first)); });
    return {
      element: h("tr", { role: "row" }, cells),
      update: (item) => columns.forEach((one, index) => {
        if (one.once) return one.update?.(cells[index], item);
        const content = one.cell(item);
        if (typeof content !== "object") return say(cells[index], content);
        const mark = content === null ? "" : JSON.stringify([content.className, content.textContent, content.title]);
        if (content === null || last[index] !== mark) fill(cells[index], content);
        last[index] = mark;
      }),
    };
  });
  return {
    element: h("div", null, scroll, nothing),
    update: (items) => {
      scroll.hidden = !items.length;
      nothing.hidden = items.length > 0;
      update(items);
    },
  };
}

/** Tiles of one figure each; update takes [[label, value, more], …], a value of null is a dash. */
export function tiles() {
  const element = h("dl", { class: "tiles" });
  const update = keyed(element, (item) => item[0], ([label]) => {
    const value = h("span"), more = h("small");
    return {
      element: h("div", null, h("dt", null, label), h("dd", null, value, " ", more)),
      update: ([, now, extra]) => { say(value, now ?? "–"); say(more, extra ?? ""); },
    };
  });
  return { element, update };
}

/** A button that is off while its work is under way. */
export function button(text, act, properties) {
  const element = h("button", { type: "button", ...properties }, text);
  element.addEventListener("click", async () => {
    element.disabled = true;
    try { await act(element); } finally { element.disabled = false; }
  });
  return element;
}

/** A section with its heading, and what stands beside that. */
export const section = (title, beside, ...children) =>
  h("section", null, h("div", { class: "heading" }, h("h2", null, title), beside), ...children);

/** A list of facts: [[name, value], …]; those without a value are left out. */
export const facts = (pairs, wide = false) => h("dl", { class: wide ? "facts pairs" : "facts" },
  pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));

/** The badge of a place. */
export const place = (where) => where ? badge(PLACES[where] ?? where, where in PLACES ? where : "") : h("span", { class: "quiet" }, "–");

/** A badge of a state: good, bad, note, busy or plain. */
export const badge = (text, kind = "") => h("span", { class: `badge ${kind}` }, text);
