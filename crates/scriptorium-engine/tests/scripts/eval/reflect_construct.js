// expect: ok true
const refused = (f) => { try { f(); return false } catch (e) { return e instanceof TypeError && /not supported/.test(e.message) } };
export default () => refused(() => Reflect.construct(Function, ['return 1'])) && refused(() => Reflect.apply(Function, null, ['return 1']));
