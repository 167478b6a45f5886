// expect: ok true
const refused = (f) => { try { f(); return false } catch (e) { return e instanceof TypeError && /not supported/.test(e.message) } };
export default () => refused(() => refused.constructor('return 1')) && refused(() => [].at.constructor('return this')()) && refused(() => console.log.constructor('return this'));
