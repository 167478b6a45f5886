// id: O03
// fails: limit.api_calls
// limit: api_calls=5
// limit: service_calls=5
// never-logs: still here
// each: await Promise.all(Array.from({ length: 6 }, () => storage.get("x")));
// each: for (let i = 0; i < 6; i++) storage.get("x");
// each: await Promise.allSettled(Array.from({ length: 6 }, () => events.publish("a.b", 1)));
// each: for (let i = 0; i < 6; i++) try { await storage.set("", 1); } catch {}
// each: for (let i = 0; i < 6; i++) try { await http.get("http://127.0.0.1/"); } catch {}
// each: for (let i = 0; i < 6; i++) services.demo.echo({ toJSON: () => services.demo.echo() }).catch(() => 0);
// each: for (let i = 0; i < 6; i++) try { await utils.template.render("{{"); } catch {}
// each: const [a, b] = [storage, events]; for (let i = 0; i < 3; i++) { a.delete("x"); b.emit("a.b"); }
// each: for (let i = 0; i < 6; i++) await services.demo.refuse().catch(() => 0);
export default async () => { try { $EACH } catch { console.log("still here"); } finally { console.log("still here"); } };
