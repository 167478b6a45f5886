// Runs before the first paint, so that a dark page never flashes white. The choice is `light`,
// `dark`, or absent for what the system says.
const system = matchMedia("(prefers-color-scheme: dark)");

function apply(): void {
  const choice = localStorage.getItem("theme") ?? "system";
  const dark = choice === "dark" || (choice === "system" && system.matches);
  const root = document.documentElement;
  root.dataset.theme = dark ? "dark" : "light";
  root.dataset.themeChoice = choice;
  document.dispatchEvent(new CustomEvent("themechange"));
}

apply();
system.addEventListener("change", apply);
addEventListener("storage", apply);
document.addEventListener("themechoice", apply);
