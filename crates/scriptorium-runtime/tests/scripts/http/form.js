// returns: ["application/x-www-form-urlencoded","a=1&b=x+y&b=%D0%B6&c=true","VALIDATION_ERROR options.form"]
async function main() {
  const url = "http://$ADDRESS/echo";
  const { body } = await http.post(url, null, { form: { a: 1, b: ["x y", "ж"], c: true, d: null } });
  const both = await http.post(url, { a: 1 }, { form: { a: 1 } }).catch((error) => `${error.code} ${error.field}`);
  return [body.headers["content-type"], body.body, both];
}
