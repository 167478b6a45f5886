// id: C04h
// fails: script.threw
// message: TypeError
export default () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
