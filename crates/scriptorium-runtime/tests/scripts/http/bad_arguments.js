// returns: ["VALIDATION_ERROR url","VALIDATION_ERROR url","VALIDATION_ERROR options","VALIDATION_ERROR options.headers.Host","VALIDATION_ERROR options.headers.content-length","VALIDATION_ERROR options.headers.X-A","VALIDATION_ERROR options.headers.x-a","VALIDATION_ERROR options.timeout","VALIDATION_ERROR options.retries","VALIDATION_ERROR options.redirect","VALIDATION_ERROR options.maxBytes","VALIDATION_ERROR options.query","VALIDATION_ERROR options.proxy","VALIDATION_ERROR method"]
async function main() {
  const url = "http://$ADDRESS/echo";
  const attempts = [
    http.get(),
    http.get("no url"),
    http.get(url, 7),
    http.get(url, { headers: { Host: "evil" } }),
    http.get(url, { headers: { "content-length": 5 } }),
    http.get(url, { headers: { "X-A": "a\nb" } }),
    http.get(url, { headers: { "X-A": "1", "x-a": "2" } }),
    http.get(url, { timeout: 60000 }),
    http.get(url, { retries: 9 }),
    http.get(url, { redirect: "error" }),
    http.get(url, { maxBytes: 0 }),
    http.get(url, { query: "a=1" }),
    http.get(url, { proxy: "http://127.0.0.1:1" }),
    http.request("CONNECT", url),
  ];
  return Promise.all(attempts.map((attempt) => attempt.then(() => "allowed", (error) => `${error.code} ${error.field}`)));
}
