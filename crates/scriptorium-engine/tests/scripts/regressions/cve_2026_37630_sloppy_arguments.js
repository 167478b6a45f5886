// expect: ok true
export default () => {
  const make = Function.prototype.call.bind(function () { return arguments });
  const all = [];
  for (let i = 0; i < 5000; i++) { const a = make(null, i, {}); a.self = a; all.push(a); if (i % 100 === 0) all.length = 0 }
  return true;
}
