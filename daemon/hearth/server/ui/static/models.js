// Models: what is there, what is in memory, and what may be fetched.

import { get, post, pull, put } from "./api.js";
import { badge, button, fill, h, keyed, place, say, section, table } from "./dom.js";
import { DASH, bytes, number, span } from "./words.js";

function condition(model) {
  if (model.loading_s !== null) return badge(`loading, ${span(model.loading_s)}`, "busy");
  if (model.loaded) return badge("in memory", "good");
  return model.note === "not installed" ? badge("not installed", "note") : badge(model.place === "machine" ? "on disk" : "listed");
}

/** Whether a model makes embeddings and no answers: as the default it would refuse every question. */
const onlyEmbeds = (model) => Boolean(model.capabilities?.includes("embedding") && !model.capabilities.includes("completion"));

function actions(app) {
  const ask = (order, model, done) => app.act(() => post(`models/${order}`, { model }), done);
  return (model) => {
    const load = button("Load", () => ask("load", model.name, `${model.name} is in memory.`), { "aria-label": `Load ${model.name}` });
    const free = button("Unload", () => ask("unload", model.name, `The memory of ${model.name} is free.`), { "aria-label": `Unload ${model.name}` });
    const use = button("Use by default", () => app.act(() => put("default-model", { model: model.name }), `${model.name} answers requests that name no model.`),
      { "aria-label": `Use ${model.name} by default` });
    const element = h("span", null, load, free, use);
    return { element, load, free, use };
  };
}

/** The models being fetched, whoever asked for them. */
function pulls() {
  const list = h("div");
  const update = keyed(list, (one) => `${one.provider}/${one.model}`, (first) => {
    const bar = h("progress", { "aria-label": `Fetching ${first.model}` }), words = h("span", { class: "quiet" });
    return {
      element: h("p", null, h("strong", null, first.model), " ", words, bar),
      update: (one) => {
        const known = one.total && one.completed !== null;
        if (known) { bar.max = one.total; bar.value = one.completed; } else bar.removeAttribute("value");
        say(words, `${one.status}${known ? `, ${bytes(one.completed)} of ${bytes(one.total)}` : ""}`);
      },
    };
  });
  return { list, update };
}

export function build(page, app) {
  const under = pulls(), made = actions(app), rows = new Map();
  const name = h("input", { name: "model", required: true, placeholder: "qwen3:8b", autocomplete: "off", spellcheck: "false" });
  const fetcher = h("button", { class: "first", type: "submit" }, "Fetch");
  const form = h("form", { class: "line", onsubmit: (event) => { event.preventDefault(); start(name.value.trim()); } },
    h("label", { class: "field grow" }, "Name of a model", name), fetcher);
  const why = h("p", { class: "quiet tiny", hidden: true });
  let own = [], models = null, asked = 0, going = false, fetching = false;

  async function start(model) {
    if (!model) return;
    fetcher.disabled = fetching = true;
    const done = await app.act(async () => {
      for await (const one of pull(model)) { own = [one]; under.update(own); }
    }, `${model} is here.`);
    own = [];
    fetcher.disabled = fetching = false;
    if (done) { name.value = ""; asked = 0; await app.refresh(); }
  }

  const all = table({
    columns: [
      { title: "Model", kind: "name", cell: (model) => h("span", null, model.name, model.note && model.note !== "not installed" && h("span", { class: "quiet tiny" }, ` ${model.note}`)) },
      { title: "Place", cell: (model) => place(model.place) },
      { title: "State", cell: condition },
      { title: "Window", kind: "right", cell: (model) => number(model.window) },
      { title: "Size", kind: "right", cell: (model) => bytes(model.size) },
      { title: "On the GPU", kind: "right", cell: (model) => model.size_vram === 0 ? "none of it" : bytes(model.size_vram) },
      { title: "In flight", kind: "right", cell: (model) => model.slots || model.in_flight ? `${model.in_flight}${model.slots ? ` of ${model.slots}` : ""}` : DASH },
      { title: "Waiting", kind: "right", cell: (model) => model.queued ? number(model.queued) : DASH },
      { title: "", kind: "actions", once: true,
        cell: (model) => { const found = made(model); rows.set(model.name, found); return found.element; },
        update: (_, model) => {
          const { load, free, use } = rows.get(model.name), here = model.place === "machine" && model.note !== "not installed";
          load.hidden = !here || model.loaded;
          free.hidden = !here || !model.loaded;
          use.hidden = model.name === models.default || model.model === models.default || onlyEmbeds(model);
        } },
    ],
    key: (model) => model.name,
    empty: "No model is known. Fetch one below, or add a provider to hearth.toml.",
  });
  const names = table({
    columns: [
      { title: "Name", kind: "name", cell: (alias) => alias.name },
      { title: "Stands for", kind: "wide", cell: (alias) => alias.use.join(", ") },
      { title: "Strategy", cell: (alias) => alias.strategy.replaceAll("_", " ") },
    ],
    key: (alias) => alias.name,
    empty: "No name of your own. [models.NAME] in hearth.toml makes one.",
  });
  const standard = h("span", { class: "quiet" });
  const back = button("Back to the file's", () => app.act(() => put("default-model", { model: null }), "hearth.toml says again who answers by default."));
  page.append(
    h("h1", null, "Models"), h("p", { class: "lead" }, "Everything a program may ask for."),
    section("Inventory", h("span", null, standard, " ", back), all.element),
    section("Fetch a model", null, form, why, under.list),
    section("Your own names", null, names.element),
  );
  return {
    async refresh(status) {
      under.update([...status.pulls, ...own.filter((one) => !status.pulls.some((other) => other.model === one.model))]);
      const forbidden = status.mode === "offline" || status.mode === "lan";
      fetcher.disabled = forbidden || fetching;
      why.hidden = !forbidden;
      say(why, `Models come from a registry in the cloud, which mode ${status.mode} forbids.`);
      if (going || Date.now() - asked < 1500) return;
      going = true;
      try { models = await get("models"); asked = Date.now(); } finally { going = false; }
      const chosen = await get("default-model");
      fill(standard, "default: ", h("strong", null, models.default || "the first that fits"));
      back.hidden = !chosen.chosen;
      all.update(models.models);
      names.update(models.aliases);
    },
  };
}
