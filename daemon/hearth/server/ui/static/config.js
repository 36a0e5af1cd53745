// Config: the file, what is wrong with its last edit, and every value in force with where it comes from.

import { get, post } from "./api.js";
import { badge, button, facts, fill, h, section, table } from "./dom.js";
import { clock, counted } from "./words.js";

const kind = (source) => source === "default" ? "" : source.startsWith("preset") ? "lan" : "busy";

export function build(page, app) {
  const about = h("div"), wrong = h("div"), wanted = h("input", { name: "find", type: "search", placeholder: "mode, listen, …", oninput: () => show() });
  const own = h("input", { type: "checkbox", name: "own", onchange: () => show() });
  const rows = table({
    columns: [
      { title: "Setting", kind: "name", cell: (row) => h("code", null, row.key) },
      { title: "Value", kind: "wide", cell: (row) => h("span", { class: "mono" }, row.value) },
      { title: "From", cell: (row) => badge(row.source, kind(row.source)) },
    ],
    key: (row) => row.key, empty: "No setting fits.",
  });
  const reload = button("Read the file again", () => app.act(() => post("reload"), "The file was read and holds."));
  page.append(h("h1", null, "Config"), h("p", { class: "lead" }, "What holds now. Keys are never shown; edit the file with ", h("code", null, "hearth config edit"), "."),
    section("The file", reload, wrong, about),
    section("Values in force", h("div", { class: "line" }, h("label", { class: "field" }, "Find", wanted), h("label", null, own, "only what is set here")), rows.element));
  let values = [], loaded = null;

  function show() {
    const words = wanted.value.trim().toLowerCase();
    rows.update(values.filter((row) => (!own.checked || row.source !== "default") && (!words || `${row.key} ${row.value}`.toLowerCase().includes(words))));
  }

  return {
    async refresh(status) {
      const now = JSON.stringify([status.config.loaded_at, status.config.error, status.config.warnings, status.config.inactive]);
      if (loaded === now) return;
      const found = await get("config/values");
      loaded = now;
      fill(about, facts([["File", h("code", null, status.config.path)], ["Read", clock(status.config.loaded_at)],
        ["Taken over", status.config.reloads ? `${counted(status.config.reloads, "time")} since start` : "at start"],
        ["State", status.config.error ? badge("the last edit is refused", "bad") : badge("in force", "good")]]));
      fill(wrong, status.config.error && h("p", { class: "box bad" }, `${status.config.error} The last good settings stay in force.`),
        status.config.warnings.map((text) => h("p", { class: "box note" }, text)),
        status.config.inactive.length > 0 && h("p", { class: "box note" }, `Set, but not active yet: ${status.config.inactive.join(", ")}`),
        found.rows === null && h("p", { class: "box note" }, "The values are listed again when the file can be read."));
      if (found.rows) values = [...found.rows].sort((a, b) => a.key.includes(".") - b.key.includes("."));
      show();
    },
  };
}
