// id: O12
// returns: ["VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
export default async () => {
  const many = Array(300).fill("x".repeat(100)), codes = [];
  for (const [template, data] of [
    ["{% for a in many %}{% for b in many %}{% for c in many %}{{ a }}{% endfor %}{% endfor %}{% endfor %}", { many }],
    ["{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}", {}],
    ["{% if a %}".repeat(5000) + "{% endif %}".repeat(5000), {}],
    ["{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", {}],
    ["{% include 'welcome' %}", {}],
    ["{{ range(1000000000) }}", {}],
  ]) { try { await utils.template.render(template, data); codes.push("rendered"); } catch (error) { codes.push(error.code); } }
  return codes;
};
