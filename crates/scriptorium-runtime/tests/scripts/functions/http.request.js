// success: ["POST",{"b":2}]
// tenant: ["200","VALIDATION_ERROR options.body","VALIDATION_ERROR options.headers","VALIDATION_ERROR options.headers.x-canary","[200,null]"]
// arguments: ["VALIDATION_ERROR method","VALIDATION_ERROR url","VALIDATION_ERROR options","VALIDATION_ERROR options.body"]
const shown = ({ status, body }) => [status, body?.headers?.["x-canary"] ?? null];
const call = async () => {
  const { body } = await http.request("POST", "http://$ADDRESS/echo", { body: { b: 2 } });
  return [body.method, body.body];
};
const wrong = [
  () => http.request("CONNECT", "http://$ADDRESS/echo"),
  () => http.request("GET"),
  () => http.request("GET", "http://$ADDRESS/echo", 7),
  () => http.request("POST", "http://$ADDRESS/echo", { body: "x".repeat(2_000_000) }),
];
const named = [
  (name) => http.request("POST", "http://$ADDRESS/echo", { body: name }).then(shown),
  (name) => http.request("HEAD", "http://$ADDRESS/echo", { headers: { "x-canary": name } }).then((reply) => reply.status),
];
