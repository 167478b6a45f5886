// id: C03f
// fails: script.threw
// message: TypeError
export default () => { let settle; const own = new Promise((resolve) => { settle = resolve; }); settle(own); return own; };
