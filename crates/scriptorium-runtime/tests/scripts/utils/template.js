// returns: ["Welcome, Ada!","Hi Ada, 2 items: a b ","NOT_FOUND","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
async function main() {
  const { render } = utils.template;
  const code = (promise) => promise.catch((error) => error.code);
  return [
    await render("welcome", { name: "Ada" }),
    await render("Hi {{ name }}, {{ items|length }} items: {% for i in items %}{{ i }} {% endfor %}", { name: "Ada", items: ["a", "b"] }),
    await code(render("missing_template", {})),
    await code(render("{{ unclosed", {})),
    await code(render("{% set a = 1 %}", {})),
    await code(render(7)),
  ];
}
