// The frame of every page: the menu on small screens, and light or dark.
const menu = document.getElementById("menu");
const show = (open) => {
  document.body.classList.toggle("menu-open", open);
  menu.setAttribute("aria-expanded", String(open));
};
menu.addEventListener("click", () => {
  const open = menu.getAttribute("aria-expanded") !== "true";
  show(open);
  if (open) document.querySelector("#sidebar nav a").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.body.classList.contains("menu-open")) {
    show(false);
    menu.focus();
  }
});
document.addEventListener("click", (event) => {
  if (document.body.classList.contains("menu-open") && !event.target.closest("#sidebar, #menu")) show(false);
});

const schemes = [...document.querySelectorAll("[data-scheme]")];
const mark = () => schemes.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.scheme === window.consoleScheme.chosen())));
for (const each of schemes)
  each.addEventListener("click", () => {
    window.consoleScheme.choose(each.dataset.scheme);
    mark();
  });
mark();
