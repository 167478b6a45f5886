// id: G03a
// fails: limit.stack
// each: JSON.parse("[".repeat(1e6))
// each: JSON.parse('{"a":'.repeat(1e5) + "1" + "}".repeat(1e5))
// each: (() => { let deep = 1; for (let i = 0; i < 1e5; i++) deep = { deep }; return JSON.stringify(deep); })()
// each: (() => { let deep = 1; for (let i = 0; i < 1e5; i++) deep = [deep]; return storage.set("k", deep); })()
// each: (() => { let deep = 1; for (let i = 0; i < 1e5; i++) deep = [deep]; return services.demo.echo(deep); })()
export default () => $EACH;
