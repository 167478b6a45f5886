// success: ["GET","/echo?q=1"]
// tenant: ["VALIDATION_ERROR url","[200,null]","[404,null]"]
// arguments: ["VALIDATION_ERROR url","VALIDATION_ERROR url","VALIDATION_ERROR options","VALIDATION_ERROR options.timeout"]
const shown = ({ status, body }) => [status, body?.headers?.["x-canary"] ?? null];
const call = async () => {
  const { body } = await http.get("http://$ADDRESS/echo", { query: { q: 1 } });
  return [body.method, body.target];
};
const wrong = [
  () => http.get(),
  () => http.get("no url"),
  () => http.get("http://$ADDRESS/echo", 7),
  () => http.get("http://$ADDRESS/echo", { timeout: -1 }),
];
const named = [
  (name) => http.get("http://$ADDRESS/echo", { query: { name } }).then(shown),
  (name) => http.get(`http://$ADDRESS/${name}/echo`).then(shown),
];
