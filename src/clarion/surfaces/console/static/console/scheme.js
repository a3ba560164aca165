// Before anything is painted: light or dark, as chosen here before, else as the system has it.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("console.scheme") || "auto";
    } catch {
      return "auto";
    }
  };
  const apply = () => {
    const dark = chosen() === "dark" || (chosen() === "auto" && system.matches);
    document.documentElement.classList.toggle("dark", dark);
  };
  system.addEventListener("change", apply);
  window.consoleScheme = {
    chosen,
    choose(name) {
      try {
        localStorage.setItem("console.scheme", name);
      } catch {}
      apply();
    },
  };
  apply();
})();
