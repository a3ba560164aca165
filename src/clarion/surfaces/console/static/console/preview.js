// The preview: asked for a moment after the last key, shown as the channel's reader would see it.
import { asShown, book, channelOf, fieldsAt, onChange, world } from "./book.js";
import { byId, call, csrf, dialog, el, icon, later, press } from "./dom.js";
import { localeName } from "./fields.js";

const DESKTOP = 700;
const PHONE = 375;
const shown = { width: "desktop", tone: "light", part: "html", answer: null };
let running = null;

/** The frame in which an email's HTML stands: no scripts, no origin, a policy of its own. It cannot be given its
 * content from here (it would come under this page's policy), so it is posted to the server, which hands it back. */
export function emailFrame(html, tone, width, label) {
  const name = `rendered-${Math.random().toString(36).slice(2)}`;
  const frame = el("iframe", { sandbox: "", name, title: label, class: tone });
  const box = el("div", { class: `frame ${width}` }, frame);
  const form = el("form", { method: "post", action: "/console/templates/preview/html", target: name, hidden: true });
  for (const [key, value] of Object.entries({ csrfmiddlewaretoken: csrf, html, scheme: tone })) {
    const area = el("textarea", { name: key });
    area.value = value;
    form.append(area);
  }
  let sent = false;
  const fit = () => {
    if (!box.clientWidth) return;
    if (!sent) {
      sent = true;
      document.body.append(form);
      form.submit();
      form.remove();
    }
    const wide = width === "phone" ? PHONE : DESKTOP;
    const scale = Math.min(1, box.clientWidth / wide);
    frame.style.width = `${wide}px`;
    frame.style.height = `${box.clientHeight / scale}px`;
    frame.style.transform = `scale(${scale})`;
    frame.style.left = `${Math.max(0, (box.clientWidth - wide * scale) / 2)}px`;
  };
  new ResizeObserver(fit).observe(box); // called as soon as it is on the page, which a form's target must be
  return box;
}

const pretty = (value) => JSON.stringify(value, null, 2);
const facts = (values) => {
  const there = Object.entries(values).filter(([, value]) => value);
  return there.length ? el("dl", { class: "pairs" }, ...there.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])) : null;
};

function email({ parts, recipient }) {
  const head = el("div", { class: "mail-head" }, el("b", {}, parts.subject), el("span", { class: "soft" }, `to ${recipient.name} <${recipient.email}>`), preheader());
  if (shown.part === "text") return [head, el("pre", { class: "text" }, parts.text || "There is no text part.")];
  if (shown.part === "source") return [head, el("pre", { class: "code" }, parts.html || parts.text)];
  return [head, parts.html ? emailFrame(parts.html, shown.tone, shown.width, "The email as HTML") : el("pre", { class: "text" }, parts.text)];
}
function preheader() {
  const text = shown.answer.fields.preheader;
  return text ? el("span", { class: "soft preheader" }, text) : null;
}

function sms({ parts, segments }) {
  const forced = segments.forced_by ? [" — ", el("b", {}, `“${segments.forced_by}”`), ` (U+${segments.forced_by.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}) forces UCS-2: 70 instead of 160 characters`] : [];
  return [
    phone(el("p", { class: "bubble" }, parts.body)),
    el("p", { class: "sizes" }, el("b", {}, `${segments.segments} segment${segments.segments === 1 ? "" : "s"}`), ` · ${segments.characters} characters · ${segments.units} of ${segments.segments * segments.limit} units · ${segments.encoding.toUpperCase()}`, ...forced),
  ];
}

function push({ parts }) {
  return [
    el("div", { class: "lockscreen" }, el("p", { class: "clock" }, new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })), el("div", { class: "pushed" }, icon("notifications"), el("b", {}, parts.title), el("span", {}, parts.body))),
    facts({ Link: parts.link, Image: parts.image, "Collapse key": parts.collapse }),
  ];
}

function inbox({ parts, channel }) {
  return [
    el("div", { class: "note" }, el("span", { class: "dot" }), el("b", {}, parts.title), el("span", {}, parts.body), el("time", { class: "soft" }, "just now")),
    el("p", { class: "soft" }, channel === "websocket" ? "Pushed to open sockets, and kept in the inbox." : "In the inbox."),
    facts({ Link: parts.link }),
  ];
}

function chat({ parts }) {
  return [el("div", { class: "spoken" }, el("span", { class: "avatar" }, "C"), el("b", {}, "Clarion"), el("span", { class: "app" }, "APP"), el("p", {}, parts.title ? el("b", {}, `${parts.title}\n`) : null, parts.text))];
}

function webhook({ parts }) {
  return [el("p", { class: "soft" }, "The body of the request, made of the variables:"), el("pre", { class: "code" }, pretty({ type: parts.event, timestamp: new Date().toISOString(), data: parts.data }))];
}

const phone = (...content) => el("div", { class: "handset" }, ...content);
const LOOKS = { email, sms, push, in_app: inbox, websocket: inbox, webhook, chat };

function broken({ faults }) {
  return [
    el("div", { class: "empty" }, icon("error"), el("p", {}, "It cannot be rendered as it stands."), el("ul", { class: "faults" }, ...faults.map((fault) => el("li", {}, el("b", {}, [fault.field, fault.line && `line ${fault.line}`].filter(Boolean).join(", ") || "Template"), ` ${fault.message}`)))),
  ];
}

function show() {
  const { answer } = shown;
  const place = byId("preview");
  place.className = `stage ${answer?.channel ?? ""} ${shown.tone}`;
  byId("parts").hidden = book.channel !== "email";
  byId("widths").hidden = book.channel !== "email" || shown.part !== "html";
  byId("tones").hidden = !["email", "push", "in_app", "chat", "sms"].includes(book.channel);
  if (!answer) return;
  place.replaceChildren(...(answer.faults.length ? broken(answer) : LOOKS[answer.channel](answer)).filter(Boolean));
  const size = Object.entries(answer.sizes).map(([name, bytes]) => `${name} ${bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} kB`}`);
  const lacking = answer.undefined.length ? [el("b", { class: "problem" }, `not given: ${answer.undefined.join(", ")}`), " · "] : [];
  byId("cost").replaceChildren(...lacking, `${localeName(answer.from_locale)} for ${answer.recipient.locale}, ${answer.recipient.timezone}${size.length ? ` · ${size.join(", ")}` : ""} · ${answer.milliseconds} ms`);
}

async function ask() {
  running?.abort();
  const place = byId("preview");
  if (!fieldsAt()) {
    shown.answer = null;
    show();
    byId("cost").textContent = "";
    place.replaceChildren(el("div", { class: "empty" }, icon("preview"), el("p", {}, `Nothing to show: ${channelOf(book.channel).label} is not written in this language.`)));
    return;
  }
  running = new AbortController();
  place.setAttribute("aria-busy", "true");
  const body = { template: asShown(), channel: book.channel, locale: book.locale };
  if (book.person) body.user_id = book.person.id;
  let answered;
  try {
    answered = await call("/console/templates/preview", body, running.signal);
  } catch {
    return; // a newer one is under way
  }
  place.removeAttribute("aria-busy");
  if (answered.ok) {
    shown.answer = answered.value;
    show();
  } else {
    shown.answer = null;
    byId("cost").textContent = "";
    place.replaceChildren(el("div", { class: "empty" }, icon("error"), el("p", { class: "problem" }, answered.value.detail)));
  }
}

export const askSoon = later(350, ask);

function choosePerson() {
  const list = el("ul", { class: "people" });
  const input = el("input", { type: "search", placeholder: "Whole email, phone, external id or id", "aria-label": "Find a person", autocomplete: "off" });
  const said = el("p", { class: "soft", role: "status" });
  const take = (person) => {
    book.person = person;
    byId("whose-name").textContent = person ? person.name : "Sample data";
    box.close();
    ask();
  };
  const row = (person) => el("li", {}, el("button", { type: "button", onclick: () => take(person) }, el("b", {}, person.name), el("span", { class: "soft" }, `${person.email || "no email"} · ${person.locale} · ${person.timezone}`)));
  const find = async () => {
    const answered = await call(`/console/templates/people?q=${encodeURIComponent(input.value)}`);
    list.replaceChildren(...(answered.ok ? answered.value.people.map(row) : []));
    said.textContent = !answered.ok ? answered.value.detail : answered.value.people.length ? (input.value ? "" : "Those who came last") : "Nobody has exactly this.";
  };
  input.addEventListener("input", later(300, find));
  const box = dialog(
    "Preview for whom?",
    el("p", { class: "soft" }, "The person's name, language, time zone and attributes are used; the variables stay those of the sample. Addresses are masked."),
    el("button", { type: "button", class: "button", onclick: () => take(null) }, icon("science"), "Sample data"),
    world.maySeePeople ? el("div", {}, input, said, list) : el("p", { class: "soft" }, "To preview for a real person you need the permission “staff”."),
  );
  if (world.maySeePeople) find();
}

export function startPreview() {
  const parts = [["html", "HTML"], ["text", "Text"], ["source", "Source"]];
  byId("parts").append(...parts.map(([name, label]) => el("button", { type: "button", "data-part": name, "aria-pressed": String(name === "html") }, label)));
  for (const [place, name] of [["parts", "part"], ["widths", "width"], ["tones", "tone"]])
    byId(place).addEventListener("click", (event) => {
      const value = event.target.closest("button")?.dataset[name];
      if (!value) return;
      shown[name] = value;
      press(byId(place), name, value);
      show();
    });
  byId("whose").addEventListener("click", choosePerson);
  onChange((what) => {
    if (["text", "shape", "data"].includes(what)) askSoon();
    if (["place", "stored"].includes(what)) ask();
  });
  ask();
}
