// Privacy: what may leave this machine, the switch that stops it all, and every address that was contacted.

import { post, put, remove } from "./api.js";
import { button, fill, h, place, section, table } from "./dom.js";
import { bytes, clock, counted, number } from "./words.js";

const MODES = [
  ["offline", "This machine only. Nothing leaves it: no prompt, no name lookup, no model download."],
  ["lan", "This machine and your own network. No cloud, no model download."],
  ["prefer-local", "The cloud answers only when no local model can."],
  ["any", "The strategy alone decides; local or cloud."],
];
const order = MODES.map(([mode]) => mode);

/** Since when the kernel holds mode offline; null where it is not asked to. */
const held = (sealed) => {
  if (!sealed) return "";
  const fault = sealed.fault ? ` But ${sealed.fault}.` : "";
  return `Sealed by the kernel since ${clock(sealed.since)}: nothing can leave this machine until Hearth is started anew.${fault}`;
};

/** What a person must know of prompts and answers on disk; null where there are none. */
const kept = (bodies) => {
  if (!bodies) return "";
  const where = `${bodies.path}, ${bytes(bodies.size)}`;
  if (!bodies.on) return `Prompts and answers of earlier calls are still on disk (${where}). "hearth usage purge --bodies" deletes them.`;
  const trouble = bodies.note ? ` Nothing is kept just now: ${bodies.note}.` : "";
  return `Every prompt and answer is kept on disk (${where}), since usage.bodies = true.${trouble} "hearth why ID --bodies" shows them, "hearth usage purge" deletes them.`;
};

export function build(page, app) {
  const choices = h("fieldset", { class: "modes" }, h("legend", { class: "quiet" }, "The file's mode is the ceiling; this switch only tightens it, and survives restarts."));
  const inputs = MODES.map(([mode, meaning]) => {
    const input = h("input", { type: "radio", name: "mode", value: mode, onchange: () => choose(mode) });
    const label = h("label", null, input, h("strong", null, mode), h("span", null, meaning));
    choices.append(label);
    return { mode, input, label };
  });
  const back = button("Leave it to the file", () => app.act(() => put("mode", { mode: null }), "The mode is the file's again."));
  const killed = h("p"), buttons = h("div");
  const stop = button("Stop everything that leaves this machine", () =>
    app.act(() => post("kill-switch"), (said) => `Stopped. ${counted(said.ended, "call")} ended. Nothing leaves until you lift it.`), { class: "stop", id: "kill" });
  const lift = button("Lift it", () => app.act(() => remove("kill-switch"), (said) => `Lifted. Mode ${said.mode} holds again.`), { id: "lift" });
  buttons.append(stop, lift);
  const contacts = table({
    columns: [
      { title: "Address", kind: "name", cell: (one) => h("code", null, one.address) },
      { title: "Place", cell: (one) => place(one.place) },
      { title: "Times", kind: "right", cell: (one) => number(one.count) },
      { title: "First", kind: "right", cell: (one) => clock(one.first) },
      { title: "Last", kind: "right", cell: (one) => clock(one.last) },
    ],
    key: (one) => one.address, empty: "None. Nothing has been contacted since start.",
  });
  const refused = table({
    columns: [{ title: "Host or origin", kind: "name", cell: ([who]) => h("code", null, who) }, { title: "Times", kind: "right", cell: ([, count]) => number(count) }],
    key: ([who]) => who, empty: "None. No page or host was turned away.",
  });
  const doors = h("p"), bodies = h("p", { id: "bodies", hidden: true }), sealed = h("p", { id: "sealed", hidden: true });
  const mode = section("Mode", back, choices), kill = section("Kill switch", null, killed, buttons);
  kill.classList.add("kill");
  page.append(h("h1", null, "Privacy"), h("p", { class: "lead" }, "What may leave this machine, and what has."),
    sealed, bodies,
    h("div", { class: "columns" }, mode, kill),
    section("Every address contacted since start", null, contacts.element),
    section("Turned away", null, refused.element),
    section("Listening", null, doors));

  let wanted = null; // what was clicked, until the daemon has answered: a look begun before must not undo the click

  async function choose(mode) {
    wanted = mode;
    const holds = await app.act(() => put("mode", { mode }), (said) => `Mode ${said.mode} holds.${said.ended ? ` ${counted(said.ended, "call")} ended that it forbids.` : ""}`);
    if (wanted === mode) wanted = null;
    if (!holds) await app.refresh();
  }

  return {
    refresh(status) {
      for (const one of inputs) {
        const loose = order.indexOf(one.mode) > order.indexOf(status.ceiling);
        one.input.disabled = loose;
        one.label.classList.toggle("off", loose);
        one.label.title = loose ? `The file's mode is ${status.ceiling}; change it there.` : "";
        one.input.checked = one.mode === (wanted ?? status.mode);
      }
      back.hidden = !status.switched || status.stopped;
      stop.hidden = status.stopped;
      lift.hidden = !status.stopped;
      killed.textContent = status.stopped
        ? "Everything that leaves this machine is stopped, and stays so over restarts until you lift it or choose a mode."
        : "Ends every answer, wait and download that leaves this machine, at once, and keeps mode offline until you lift it. Answers made here go on.";
      killed.className = status.stopped ? "box bad" : "";
      sealed.hidden = !status.sealed;
      sealed.className = status.sealed?.fault ? "box bad" : "box note";
      sealed.textContent = held(status.sealed);
      bodies.hidden = !status.bodies;
      bodies.className = status.bodies?.on ? "box bad" : "box note";
      bodies.textContent = kept(status.bodies);
      contacts.update([...status.contacts].sort((a, b) => b.last - a.last));
      refused.update(Object.entries(status.refused_callers));
      fill(doors, status.listening.map((one) => [h("code", null, one), " "]));
    },
  };
}
