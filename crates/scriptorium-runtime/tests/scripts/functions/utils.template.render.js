// success: "Welcome, Ada!"
// tenant: ["\"itself\"","NOT_FOUND -","VALIDATION_ERROR nameOrTemplate"]
// arguments: ["VALIDATION_ERROR nameOrTemplate","NOT_FOUND -","VALIDATION_ERROR template","VALIDATION_ERROR data"]
const call = () => utils.template.render("welcome", { name: "Ada" });
const wrong = [
  () => utils.template.render(7),
  () => utils.template.render("nothing"),
  () => utils.template.render("{{ unclosed"),
  () => utils.template.render("welcome", { name: "x".repeat(2_000_000) }),
];
const named = [(name) => utils.template.render(name).then((text) => (text === name ? "itself" : text))];
