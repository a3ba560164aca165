// What stands beside the content: checks, variables, sample data, settings.
import { asShown, book, channelOf, onChange, tell, world } from "./book.js";
import { arrows, byId, call, el, icon, later, nonce, tabRow } from "./dom.js";
import { makeEditor } from "./editor.bundle.js";
import { goTo, insertVariable, labelOf } from "./fields.js";

let openTab = "checks";
let dataEditors = [];
const ICONS = { error: "error", warning: "warning", note: "info" };

const count = (severity) => book.checks.filter((each) => each.severity === severity).length;
const placeName = ({ channel, locale, field, line }) => [channel && channelOf(channel)?.label, locale && locale !== "default" && locale, field && labelOf(field), line && `line ${line}`].filter(Boolean).join(" · ") || "Template";

function tabs() {
  const grave = count("error") + count("warning");
  const entries = [
    { name: "checks", label: "Checks", marks: grave ? [el("span", { class: `count ${count("error") ? "bad" : ""}` }, String(grave))] : [] },
    { name: "variables", label: "Variables" },
    { name: "data", label: "Sample data" },
    { name: "settings", label: "Settings" },
  ];
  byId("views-count").textContent = grave || "";
  tabRow(byId("detail-tabs"), entries, openTab, (name) => {
    openTab = name;
    tabs();
    show();
  });
}

function checks() {
  if (book.checksFault) return [el("p", { class: "problem" }, book.checksFault)];
  if (!book.checks.length) return [el("p", { class: "quiet" }, icon("task_alt"), " Nothing to complain about.")];
  const said = [["error", "error"], ["warning", "warning"], ["note", "note"]].filter(([name]) => count(name)).map(([name, word]) => `${count(name)} ${word}${count(name) === 1 ? "" : "s"}`);
  return [
    el("p", { class: "soft" }, `${said.join(", ")}. Errors stop publishing.`),
    el(
      "ul",
      { class: "findings" },
      ...book.checks.map((each) =>
        el("li", {}, el("button", { type: "button", class: each.severity, onclick: () => go(each) }, icon(ICONS[each.severity]), el("span", { class: "unseen" }, each.severity), el("span", {}, el("b", {}, placeName(each)), el("span", {}, each.message), el("span", { class: "soft" }, each.hint)))),
      ),
    ),
  ];
}

function go(found) {
  document.querySelector('.views [data-view="write"]').click();
  if (found.channel) goTo(found);
  else if (found.code.startsWith("schema") || found.code.startsWith("sample")) pick("data");
}

function pick(name) {
  openTab = name;
  tabs();
  show();
  byId("detail").focus();
}

function variables() {
  const groups = [["required", "Required of every send"], ["optional", "Optional"], ["undeclared", "Used, but not declared"], ["standard", "Always there"]];
  const row = (each) =>
    el(
      "li",
      {},
      el("button", { type: "button", class: "name", title: "Insert at the cursor", onclick: () => insertVariable(each.name) }, el("code", {}, each.name)),
      each.type && el("span", { class: "soft" }, each.type),
      each.says && el("span", { class: "soft" }, each.says),
      el("span", { class: "chips" }, ...(each.used.length ? places(each.used) : [el("span", { class: "chip warn" }, "used nowhere")])),
      each.standing === "undeclared" && el("button", { type: "button", class: "button small", onclick: () => declare(each.name) }, "Declare as optional"),
    );
  const shown = groups.map(([standing, title]) => [title, book.variables.filter((each) => each.standing === standing)]).filter(([, list]) => list.length);
  if (!shown.length) return [el("p", { class: "quiet" }, "No variables yet. Write {{ name }} where one is to stand.")];
  return shown.flatMap(([title, list]) => [el("h3", {}, title), el("ul", { class: "variables" }, ...list.map(row))]);
}

function places(used) {
  const seen = new Map();
  for (const { channel, locale, field } of used) {
    const key = `${channel}/${field}`;
    seen.set(key, { channel, field, locales: [...(seen.get(key)?.locales ?? []), locale] });
  }
  return [...seen.values()].map(({ channel, field, locales }) => el("button", { type: "button", class: `chip tint-${channel}`, title: locales.join(", "), onclick: () => goTo({ channel, locale: locales[0], field }) }, `${channelOf(channel).label} · ${labelOf(field)}`));
}

function declare(name) {
  book.template.optional_variables = [...book.template.optional_variables, name];
  tell("data");
}

function data() {
  const faults = { sample: el("p", { class: "problem", role: "alert" }), schema: el("p", { class: "problem", role: "alert" }) };
  const editor = (name, label) => {
    const place = el("div", { class: "editor" });
    dataEditors.push(
      makeEditor({
        parent: place,
        text: JSON.stringify(book.template[name] ?? {}, null, 2),
        kind: "json",
        label,
        nonce,
        onChange(text) {
          try {
            const value = JSON.parse(text || "{}");
            if (value === null || Array.isArray(value) || typeof value !== "object") throw new SyntaxError("it must be an object, { … }");
            book.template[name] = value;
            faults[name].textContent = "";
            tell("data");
          } catch (error) {
            faults[name].textContent = `Not used yet: ${error.message}`;
          }
        },
      }),
    );
    return place;
  };
  const wrong = book.checks.filter((each) => /^(sample|schema)_/.test(each.code));
  return [
    ...wrong.map((each) => el("p", { class: "problem" }, `${each.message}`)),
    el("h3", {}, "Sample"),
    el("p", { class: "soft" }, "What previews and tests are made with; checked against the schema."),
    editor("sample", "Sample data, JSON"),
    faults.sample,
    el("h3", {}, "Schema"),
    el("p", { class: "soft" }, "JSON Schema of the variables: types, descriptions, lengths. Every send is checked against what it says."),
    editor("schema", "JSON Schema of the variables"),
    faults.schema,
  ];
}

function settings() {
  const text = (name, label, options = {}) => {
    const input = el("input", { id: `set-${name}`, autocomplete: "off", ...options, oninput: () => ((book.template[name] = options.type === "number" ? (input.value === "" ? null : Number(input.value)) : input.value), tell("data")) });
    input.value = book.template[name] ?? "";
    return el("div", { class: "field" }, el("label", { class: "label", for: input.id }, label), input);
  };
  const list = (name, label) => {
    const input = el("input", { id: `set-${name}`, autocomplete: "off", spellcheck: "false", oninput: () => ((book.template[name] = input.value.split(/[\s,]+/).filter(Boolean)), tell("data")) });
    input.value = (book.template[name] ?? []).join(", ");
    return el("div", { class: "field" }, el("label", { class: "label", for: input.id }, label), input);
  };
  const choice = (name, label, options) => {
    const select = el("select", { id: `set-${name}`, onchange: () => ((book.template[name] = typeof book.template[name] === "number" ? Number(select.value) : select.value), tell("data")) }, ...options.map(([value, title]) => el("option", { value }, title)));
    select.value = String(book.template[name]);
    return el("div", { class: "field" }, el("label", { class: "label", for: select.id }, label), select);
  };
  const tint = el("input", { type: "color", "aria-label": "Choose the theme's colour", oninput: () => ((book.template.theme = tint.value), (byId("set-theme").value = tint.value), tell("data")) });
  tint.value = /^#[0-9a-f]{6}$/i.test(book.template.theme) ? book.template.theme : "#4338ca";
  const theme = text("theme", "Theme colour (empty: the brand's)", { placeholder: "#4caf50", pattern: "#[0-9A-Fa-f]{6}" });
  theme.lastChild.before(tint);
  theme.classList.add("tinted");
  return [
    el(
      "div",
      { class: "settings" },
      book.stored.id ? null : text("path", "Path, as in order.shipped", { placeholder: "order.shipped", spellcheck: "false" }),
      text("name", "Name", { maxlength: 255 }),
      choice("category", "Category", world.categories.map((each) => [each.key, `${each.name} (${each.kind})`])),
      choice("default_priority", "Priority", [[1, "1 – critical"], [2, "2 – high"], [3, "3 – medium"], [4, "4 – low"]]),
      theme,
      list("required_variables", "Required variables"),
      list("optional_variables", "Optional variables"),
      list("locales", "Languages wanted (empty: the deployment's)"),
      text("publish_threshold", "Share of translations that publishing needs, in percent", { type: "number", min: 0, max: 100 }),
    ),
  ];
}

const PANELS = { checks, variables, data, settings };

function show() {
  dataEditors.forEach((each) => each.destroy());
  dataEditors = [];
  byId("detail").replaceChildren(...PANELS[openTab]().filter(Boolean));
  byId("detail").dataset.tab = openTab;
}

let asked = 0;
async function askChecks() {
  const mine = ++asked;
  if (!Object.keys(book.template.content).length) return;
  const answered = await call("/console/templates/check", { template: asShown(), id: book.stored.id });
  if (mine !== asked) return; // a newer one is under way
  book.checksFault = answered.ok ? "" : answered.value.detail;
  if (answered.ok) Object.assign(book, answered.value); // checks, behind, variables
  tell("checks");
}
const askChecksSoon = later(700, askChecks);

export function startDetails() {
  arrows(byId("detail-tabs"));
  if (!book.stored.id) openTab = "settings";
  onChange((what) => {
    if (["text", "shape", "data"].includes(what)) askChecksSoon();
    if (what === "stored") askChecks();
    if (what === "checks") tabs();
    const live = openTab === "checks" || openTab === "variables";
    if ((what === "checks" && live) || what === "stored") show();
  });
  tabs();
  show();
  askChecks();
}
export { pick };
