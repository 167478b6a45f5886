// success: ["POST",{"a":1}]
// tenant: ["VALIDATION_ERROR data","[200,null]"]
// arguments: ["VALIDATION_ERROR url","VALIDATION_ERROR data","VALIDATION_ERROR options.proxy","VALIDATION_ERROR options"]
const shown = ({ status, body }) => [status, body?.headers?.["x-canary"] ?? null];
const call = async () => {
  const { body } = await http.post("http://$ADDRESS/echo", { a: 1 });
  return [body.method, body.body];
};
const wrong = [
  () => http.post(7),
  () => http.post("http://$ADDRESS/echo", "x".repeat(2_000_000)),
  () => http.post("http://$ADDRESS/echo", 1, { proxy: "http://127.0.0.1:1" }),
  () => http.post("http://$ADDRESS/echo", 1, 7),
];
const named = [(name) => http.post("http://$ADDRESS/echo", { name }).then(shown)];
