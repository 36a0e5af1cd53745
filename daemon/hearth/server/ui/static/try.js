// Try it: one question in a chosen dialect, its answer as it streams, and the headers that say what happened.

import { get, lines } from "./api.js";
import { badge, facts, fill, h, section } from "./dom.js";
import { DIALECTS } from "./dialects.js";
import { counted, span } from "./words.js";

const MODES = [["", "as set"], ["offline", "offline"], ["lan", "lan"], ["prefer-local", "prefer-local"]];
const HEADERS = /^(x-hearth-|content-type|retry-after)/;

/** Words for a refusal, whichever dialect it is in. */
async function refused(response) {
  const text = await response.text();
  try {
    const said = JSON.parse(text).error;
    return typeof said === "string" ? said : said?.message || text;
  } catch { return text || `HTTP ${response.status}`; }
}

export function build(page, app) {
  const models = h("datalist", { id: "models-known" });
  const model = h("input", { name: "model", list: "models-known", placeholder: "default", autocomplete: "off", spellcheck: "false" });
  const dialect = h("select", { name: "dialect" }, Object.entries(DIALECTS).map(([name, one]) => h("option", { value: name }, one.title)));
  const mode = h("select", { name: "mode" }, MODES.map(([value, text]) => h("option", { value }, text)));
  const words = h("textarea", { name: "words", required: true, placeholder: "Say something …",
    onkeydown: (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); } } });
  const think = h("input", { type: "checkbox", name: "think" });
  const send = h("button", { class: "first", type: "submit" }, "Send"), stop = h("button", { type: "button", disabled: true, onclick: () => going?.abort() }, "Stop");
  const form = h("form", { onsubmit: (event) => { event.preventDefault(); ask(); } },
    h("div", { class: "line" }, h("label", { class: "field" }, "Dialect", dialect), h("label", { class: "field grow" }, "Model", model), h("label", { class: "field" }, "Mode of this call", mode)), h("br"),
    h("label", { class: "field" }, "Your words", words), h("br"), h("span", { class: "buttons" }, send, stop, h("label", null, think, "let it think"), h("span", { class: "quiet tiny" }, "Ctrl+Enter sends.")), models);
  const answer = h("div", { id: "answer", role: "region", tabindex: "0", "aria-label": "Answer" }), state = h("span", { role: "status" });
  const thoughts = h("p", { class: "quiet" }), thinking = h("details", { hidden: true }, h("summary", null, "What it thought"), thoughts);
  const heads = h("div", null, h("p", { class: "quiet" }, "They come with the answer."));
  page.append(h("h1", null, "Try it"), h("p", { class: "lead" }, "Ask as a program would. The words go by the ordinary way: mode, plan and usage log included."),
    h("div", { class: "columns" }, section("Question", null, form),
      h("div", null, section("Answer", state, answer, thinking), section("Headers", null, heads))));
  let going = null;

  async function ask() {
    if (going) return;
    going = new AbortController();
    const began = performance.now(), chosen = DIALECTS[dialect.value], name = model.value.trim() || "default";
    let pieces = 0;
    answer.textContent = thoughts.textContent = "";
    thinking.hidden = true;
    send.disabled = !(stop.disabled = false);
    fill(state, badge("waiting", "note"));
    try {
      const response = await fetch(chosen.path(name), { method: "POST", signal: going.signal, credentials: "same-origin", redirect: "error",
        headers: { "Content-Type": "application/json", ...(mode.value ? { "X-Hearth-Mode": mode.value } : {}) }, body: JSON.stringify(chosen.body(name, words.value, think.checked)) });
      show(response);
      if (!response.ok) { fill(state, badge(`HTTP ${response.status}`, "bad")); answer.textContent = await refused(response); return; }
      for await (const line of lines(response)) {
        const data = chosen.sse ? line.startsWith("data:") && line.slice(5).trim() : line.trim();
        if (!data) continue;
        chosen.read(data, (text, thought) => {
          if (!pieces++) fill(state, badge("answering", "busy"));
          if (thought) { thinking.hidden = false; thoughts.append(text); } else answer.append(text);
        });
      }
      fill(state, badge(`done, ${counted(pieces, "piece")} in ${span((performance.now() - began) / 1000)}`, "good"));
    } catch (error) {
      const stopped = error.name === "AbortError";
      fill(state, badge(stopped ? "stopped" : "broke off", stopped ? "note" : "bad"));
      if (!stopped) answer.append(`${answer.textContent ? "\n" : ""}${error.message}`);
    } finally {
      going = null;
      send.disabled = !(stop.disabled = true);
    }
  }

  function show(response) {
    const found = [...response.headers].filter(([name]) => HEADERS.test(name)), id = response.headers.get("x-hearth-id");
    fill(heads, facts([["status", String(response.status)], ...found.map(([name, value]) => [h("code", null, name), value])]),
      id && h("p", null, h("a", { href: `#why/${encodeURIComponent(id)}` }, "Why it went there")));
  }

  get("models").then((found) => fill(models, ["default", ...found.aliases.map((one) => one.name), ...found.models.map((one) => one.name)]
    .map((value) => h("option", { value })))).catch(app.failed);
  return { close: () => going?.abort() };
}
