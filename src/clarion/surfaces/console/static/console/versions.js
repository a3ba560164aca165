// Versions: who wrote and published what, two of them compared as text and as rendered, and the way back to one.
import { asSent, book, flat, isDirty, settle } from "./book.js";
import { byId, call, dialog, el, icon, nonce, when } from "./dom.js";
import { showDifference } from "./editor.bundle.js";
import { say } from "./template.js";
import { emailFrame } from "./preview.js";

const at = (path) => `/console/templates/${book.stored.id}/${path}`;
const wide = () => innerWidth > 900;

/** The template of a version: a number, or "page" for what is being written. */
async function templateOf(which) {
  if (which === "page") return asSent();
  const answered = await call(at(`versions/${which}`));
  if (!answered.ok) throw new Error(answered.value.detail);
  return answered.value.template;
}

export function differing(before, after) {
  const [one, other] = [flat(before), flat(after)];
  return [...new Set([...one.keys(), ...other.keys()])].filter((place) => one.get(place) !== other.get(place));
}

/** Two templates, place by place. */
export function comparison(before, after, labels) {
  const places = differing(before, after);
  const [one, other] = [flat(before), flat(after)];
  if (!places.length) return el("p", { class: "quiet" }, icon("drag_handle"), " They say the same.");
  const text = el("div", { class: "difference" });
  const select = el("select", { "aria-label": "Place", onchange: () => show(select.value) }, ...places.map((place) => el("option", { value: place }, place)));
  const show = (place) => {
    text.replaceChildren();
    const kind = place.endsWith("/ html") ? "html" : place.includes(" / ") ? "text" : "json";
    showDifference({ parent: text, before: one.get(place) ?? "", after: other.get(place) ?? "", kind, nonce, wide: wide(), labels });
  };
  queueMicrotask(() => show(places[0]));
  return el("div", {}, el("p", { class: "pick-place" }, el("span", { class: "soft" }, `${places.length} place${places.length === 1 ? "" : "s"} differ`), select), el("p", { class: "sides soft" }, el("span", {}, labels[0]), el("span", {}, labels[1])), text);
}

async function rendered(template, label) {
  const place = { channel: book.channel, locale: book.locale };
  const answered = await call("/console/templates/preview", { template: { ...template, note: "" }, ...place });
  if (!answered.ok) return el("figure", {}, el("figcaption", { class: "soft" }, label), el("p", { class: "problem" }, answered.value.detail));
  const { parts, faults } = answered.value;
  const body = faults.length ? el("p", { class: "problem" }, faults[0].message) : parts.html ? emailFrame(parts.html, "light", "desktop", `${label}, rendered`) : el("pre", { class: "text" }, Object.entries(parts).filter(([, value]) => typeof value === "string" && value).map(([name, value]) => `${name}: ${value}`).join("\n\n"));
  return el("figure", {}, el("figcaption", { class: "soft" }, `${label}${parts.subject ? ` · ${parts.subject}` : ""}`), body);
}

function compareView(lines) {
  const options = () => [el("option", { value: "page" }, "what is on the page"), ...lines.map((line) => el("option", { value: line.number }, `version ${line.number} (${line.state})`))];
  const from = el("select", { "aria-label": "Before" }, ...options());
  const to = el("select", { "aria-label": "After" }, ...options());
  const how = el("div", { class: "segments", role: "group", "aria-label": "Compare as" }, ...[["text", "Text"], ["rendered", "Rendered"]].map(([name, label]) => el("button", { type: "button", "data-how": name, "aria-pressed": String(name === "text"), onclick: () => choose(name) }, label)));
  const place = el("div", { class: "compared" });
  let chosen = "text";
  const choose = (name) => {
    chosen = name;
    for (const button of how.children) button.setAttribute("aria-pressed", String(button.dataset.how === name));
    show();
  };
  const named = (select) => select.selectedOptions[0].textContent;
  const show = async () => {
    try {
      const [before, after] = [await templateOf(from.value), await templateOf(to.value)];
      if (chosen === "text") place.replaceChildren(comparison(before, after, [named(from), named(to)]));
      else place.replaceChildren(el("div", { class: "pair" }, await rendered(before, named(from)), await rendered(after, named(to))));
    } catch (error) {
      place.replaceChildren(el("p", { class: "problem" }, error.message));
    }
  };
  from.addEventListener("change", show);
  to.addEventListener("change", show);
  const compare = (one, other) => {
    from.value = String(one);
    to.value = String(other);
    show();
    place.scrollIntoView({ block: "nearest" });
  };
  return { node: el("section", { class: "compare", "aria-label": "Comparison" }, el("div", { class: "compare-head" }, el("label", {}, "From ", from), el("label", {}, "to ", to), how), place), compare };
}

function line(each, view, box, before) {
  const back = each.published_at && each.state !== "published";
  return el(
    "li",
    { class: each.state },
    el("div", {}, el("b", {}, `Version ${each.number}`), el("span", { class: `chip ${{ published: "good", draft: "warn" }[each.state] ?? ""}` }, each.state === "published" ? "in force" : each.state), each.restored_from && el("span", { class: "chip" }, `brings back ${each.restored_from}`)),
    el("p", { class: "soft" }, `${each.author || "The system"}, ${when(each.created_at)}${each.note ? `: ${each.note}` : ""}`),
    each.published_at && el("p", { class: "soft" }, `Published by ${each.publisher || "the system"}, ${when(each.published_at)}${each.publish_note ? `: ${each.publish_note}` : ""}`),
    el(
      "p",
      { class: "chips" },
      before && el("button", { type: "button", class: "button small", onclick: () => view.compare(before.number, each.number) }, `Compare with ${before.number}`),
      el("button", { type: "button", class: "button small", onclick: () => view.compare(each.number, "page") }, "Compare with the page"),
      back && el("button", { type: "button", class: "button small danger", onclick: () => rollBack(each.number, box) }, "Roll back to it"),
    ),
  );
}

export async function showVersions() {
  if (!book.stored.id) return say("Save it first: then it has versions.");
  const answered = await call(at("versions"));
  if (!answered.ok) return say(answered.value.detail, true);
  const lines = answered.value.versions;
  const view = compareView(lines);
  const list = el("ol", { class: "version-list", "aria-label": "Versions, newest first" });
  const box = dialog("Versions", el("div", { class: "versions" }, list, view.node));
  box.classList.add("large");
  list.append(...lines.map((each, place) => line(each, view, box, lines[place + 1])));
  view.compare(lines.find((each) => each.state === "published")?.number ?? lines[0].number, isDirty() ? "page" : lines[0].number);
}

function rollBack(number, versionsBox) {
  const note = el("input", { id: "rollback-note", maxlength: 255, placeholder: "Why?" });
  const problem = el("p", { class: "problem", role: "alert" });
  const go = async () => {
    const answered = await call(at("rollback"), { number, note: note.value });
    if (!answered.ok) {
      problem.textContent = answered.value.detail;
      return;
    }
    box.close();
    versionsBox.close();
    settle(answered.value);
    say(`Version ${answered.value.published} is in force, with the content of version ${number}.`);
  };
  const box = dialog(
    `Roll back to version ${number}?`,
    el("p", {}, "Its content comes into force at once, as a new version, on all channels and in all languages.", isDirty() ? " What you have not saved on this page is lost: save it first if you want it." : ""),
    el("label", { class: "label", for: "rollback-note" }, "Note"),
    note,
    problem,
    el("p", { class: "buttons" }, el("button", { type: "button", class: "button primary", onclick: go }, "Roll back")),
  );
}

byId("versions").addEventListener("click", showVersions);
