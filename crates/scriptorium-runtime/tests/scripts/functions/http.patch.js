// success: ["PATCH",[1]]
// tenant: ["VALIDATION_ERROR data","[200,null]"]
// arguments: ["VALIDATION_ERROR url","VALIDATION_ERROR data","VALIDATION_ERROR options"]
const shown = ({ status, body }) => [status, body?.headers?.["x-canary"] ?? null];
const call = async () => {
  const { body } = await http.patch("http://$ADDRESS/echo", [1]);
  return [body.method, body.body];
};
const wrong = [
  () => http.patch(""),
  () => http.patch("http://$ADDRESS/echo", "x".repeat(2_000_000)),
  () => http.patch("http://$ADDRESS/echo", 1, "x"),
];
const named = [(name) => http.patch("http://$ADDRESS/echo", [name]).then(shown)];
