// success: ["DELETE",200]
// tenant: ["VALIDATION_ERROR options.headers","VALIDATION_ERROR options.headers.x-name","[200,null]"]
// arguments: ["VALIDATION_ERROR url","SSRF_BLOCKED url","VALIDATION_ERROR options"]
const shown = ({ status, body }) => [status, body?.headers?.["x-canary"] ?? null];
const call = async () => {
  const { body, status } = await http.delete("http://$ADDRESS/echo");
  return [body.method, status];
};
const wrong = [() => http.delete(), () => http.delete("ftp://$ADDRESS/"), () => http.delete("http://$ADDRESS/echo", 7)];
const named = [(name) => http.delete("http://$ADDRESS/echo", { headers: { "x-name": name } }).then(shown)];
