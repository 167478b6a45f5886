// id: C16b
// kind: http
// header: content-type=application/json
// header: constructor=x
// header: to-string=y
// query: constructor=1&toString=2&__proto__=3&hasOwnProperty=4
// body: {"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}
// replies: 200 ["x","1","2","3",true,"undefined"]
export default (req) => {
  const proto = ["__", "proto__"].join("");
  const own = (object, key) => Object.getOwnPropertyDescriptor(object, key)?.value;
  return [own(req.headers, "constructor"), own(req.query, "constructor"), own(req.query, "toString"), own(req.query, proto), own(req.body, proto).admin, typeof {}.admin];
};
