// Copying the JSON, and going to the result of a dry run. The pages work without it.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  const said = button.parentElement.querySelector("[data-copied]");
  button.addEventListener("click", async () => {
    const place = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(place.textContent);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(place);
      said.textContent = "Selected: press Ctrl+C.";
    }
  });
}
document.getElementById("result-title")?.focus();
