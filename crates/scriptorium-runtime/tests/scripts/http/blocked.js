// returns: ["SSRF_BLOCKED","SSRF_BLOCKED","SSRF_BLOCKED","SSRF_BLOCKED","SSRF_BLOCKED","SSRF_BLOCKED"]
async function main() {
  const [, port] = "$ADDRESS".split(":");
  const urls = [
    `http://localhost:${port}/`,
    `http://127.0.0.1:1/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://2130706433:${port}/`,
    `http://user@127.0.0.1:${port}/`,
    "http://169.254.169.254/latest/meta-data",
  ];
  return Promise.all(urls.map((url) => http.get(url).then(() => "allowed", (error) => error.code)));
}
