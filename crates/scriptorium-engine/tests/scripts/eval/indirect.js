// expect: ok true
const refused = (f) => { try { f(); return false } catch (e) { return e instanceof TypeError && /not supported/.test(e.message) } };
export default () => refused(() => (0, eval)('1'));
