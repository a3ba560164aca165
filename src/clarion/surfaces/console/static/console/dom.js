// Making elements, and talking to the server. Text goes in as text, always: nothing here is ever parsed as HTML.
export function el(name, options = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const icon = (name) => el("span", { class: "material-symbols-outlined", "aria-hidden": "true" }, name);
export const byId = (id) => document.getElementById(id);
export const nonce = document.querySelector('meta[name="nonce-source"]')?.nonce ?? "";
export const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

/** `{ok, status, value}`; a problem's `value.detail` says what to do. */
export async function call(path, body, signal) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", signal, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return { ok: false, status: 0, value: { detail: "The server cannot be reached." } };
  }
  let value;
  try {
    value = await response.json();
  } catch {
    value = { detail: response.status === 403 ? "The page is too old: keep your text, and reload it." : `The server answered ${response.status}.` };
  }
  if (response.status === 401) value.detail = "Your session has ended. Log in in another tab, then try again; your text stays here.";
  return { ok: response.ok, status: response.status, value };
}

/** A row of buttons of which one is chosen, by arrows too; `choose` gets its name. */
export function tabRow(place, entries, chosen, choose) {
  const focused = place.contains(document.activeElement);
  const buttons = entries.map(({ name, label, marks = [], title, absent }) =>
    el("button", { type: "button", role: "tab", "data-name": name, title, class: absent ? "absent" : null, "aria-selected": String(name === chosen), tabindex: name === chosen ? "0" : "-1", onclick: () => choose(name) }, label, ...marks),
  );
  place.replaceChildren(...buttons);
  if (focused) buttons.find((each) => each.dataset.name === chosen)?.focus();
}

export function arrows(place) {
  place.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const buttons = [...place.querySelectorAll('[role="tab"]')];
    const at = buttons.indexOf(event.target);
    if (at < 0 || (!step && event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    const next = event.key === "Home" ? buttons[0] : event.key === "End" ? buttons.at(-1) : buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
}

/** Presses one of a group of toggle buttons. */
export function press(place, attribute, value) {
  for (const button of place.querySelectorAll(`[data-${attribute}]`)) button.setAttribute("aria-pressed", String(button.dataset[attribute] === value));
}

export function later(wait, action) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), wait);
  };
}

/** A dialog; Escape closes it, and focus goes back to where it was. */
export function dialog(title, ...content) {
  const before = document.activeElement;
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  const close = el("button", { type: "button", class: "icon-button", onclick: () => box.close() }, icon("close"), el("span", { class: "unseen" }, "Close"));
  const box = el("dialog", { "aria-labelledby": id }, el("header", {}, el("h2", { id }, title), close), ...content);
  box.addEventListener("close", () => {
    box.remove();
    if (before?.isConnected) before.focus();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

export const when = (iso) => (iso ? new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "");
