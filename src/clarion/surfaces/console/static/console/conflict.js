// Somebody saved meanwhile. Nothing is lost: what only one of the two changed is taken from each, what both changed is
// shown as two texts, to be chosen between; then it is saved on top of theirs.
import { book, flat, settle, tell, withPlace } from "./book.js";
import { dialog, el } from "./dom.js";
import { comparison, differing } from "./versions.js";

export function showConflict(theirs, saveAgain) {
  const base = book.stored.template;
  const mine = structuredClone(book.template);
  const [was, now, here] = [flat(base), flat(theirs.template), flat(mine)];
  const places = differing(theirs.template, mine);
  const chosen = new Map(places.map((place) => [place, was.get(place) === here.get(place) ? "theirs" : "mine"]));
  const both = places.filter((place) => was.get(place) !== now.get(place) && was.get(place) !== here.get(place));
  const row = (place) => {
    const pick = (whose, label) => {
      const input = el("input", { type: "radio", name: `keep ${place}`, value: whose, checked: chosen.get(place) === whose, onchange: () => chosen.set(place, whose) });
      return el("label", {}, input, ` ${label}`);
    };
    return el("li", {}, el("span", {}, el("code", {}, place), both.includes(place) && el("span", { class: "chip warn" }, "changed by both")), el("span", { class: "radios" }, pick("mine", "mine"), pick("theirs", "theirs")));
  };
  const merged = () => places.reduce((result, place) => (chosen.get(place) === "theirs" ? withPlace(result, place, theirs.template) : result), mine);
  const box = dialog(
    "Somebody saved meanwhile",
    el("p", {}, `${theirs.saved_by || "Somebody"} saved version ${theirs.version} while you were writing. `, both.length ? `${both.length} place${both.length === 1 ? " was" : "s were"} changed by both of you: choose.` : "You changed different places, so both can stay."),
    el("ul", { class: "choices" }, ...places.map(row)),
    comparison(theirs.template, mine, [`theirs (version ${theirs.version})`, "mine"]),
    el(
      "p",
      { class: "buttons" },
      el("button", { type: "button", class: "button", onclick: () => (box.close(), download(mine)) }, "Keep mine as a file"),
      el("button", { type: "button", class: "button", onclick: () => take(theirs.template) }, "Go on without saving"),
      el("button", { type: "button", class: "button primary", onclick: () => (take(merged()), saveAgain()) }, "Save with these choices"),
    ),
  );
  box.classList.add("large");
  const take = (template) => {
    box.close();
    const kept = template === theirs.template ? merged() : template;
    settle(theirs);
    book.template = structuredClone(kept);
    tell("shape");
    tell("data");
  };
}

function download(template) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(template, null, 2)], { type: "application/json" }));
  const link = el("a", { href: url, download: `${template.path}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
