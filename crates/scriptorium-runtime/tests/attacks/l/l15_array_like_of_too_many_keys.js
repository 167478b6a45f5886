// id: L15
// fails: script.threw
// message: TypeError
// CVE-2026-120438
export default () => Object.keys(new Proxy({}, { ownKeys: () => ({ length: 2 ** 31 - 1 }) }));
