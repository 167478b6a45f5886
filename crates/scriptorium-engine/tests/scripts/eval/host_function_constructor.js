// expect: ok true
const refused = (f) => { try { f(); return false } catch (e) { return e instanceof TypeError && /not supported/.test(e.message) } };
export default () => refused(() => call.constructor('return this')) && refused(() => log.constructor('return this'));
