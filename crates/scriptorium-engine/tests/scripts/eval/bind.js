// expect: ok true
const refused = (f) => { try { f(); return false } catch (e) { return e instanceof TypeError && /not supported/.test(e.message) } };
export default () => refused(() => eval.bind(null)('1')) && refused(() => Function.bind(null, 'return 1')());
