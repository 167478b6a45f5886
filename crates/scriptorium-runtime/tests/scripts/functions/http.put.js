// success: ["PUT","text"]
// tenant: ["VALIDATION_ERROR data","[200,null]"]
// arguments: ["VALIDATION_ERROR url","VALIDATION_ERROR data","VALIDATION_ERROR options"]
const shown = ({ status, body }) => [status, body?.headers?.["x-canary"] ?? null];
const call = async () => {
  const { body } = await http.put("http://$ADDRESS/echo", "text");
  return [body.method, body.body];
};
const wrong = [
  () => http.put(),
  () => http.put("http://$ADDRESS/echo", "x".repeat(2_000_000)),
  () => http.put("http://$ADDRESS/echo", 1, []),
];
const named = [(name) => http.put("http://$ADDRESS/echo", name).then(shown)];
