// id: H10
// returns: ["AbortError","AbortError","stop"]
export default async () => {
  const name = async (work) => { try { await work(); return "ended"; } catch (error) { return error?.name ?? error; } };
  const before = AbortSignal.abort();
  const controller = new AbortController();
  const after = http.get("http://127.0.0.1:9/", { signal: controller.signal });
  controller.abort("stop");
  return [await name(() => http.get("http://127.0.0.1:9/", { signal: before })), await name(() => http.post("http://127.0.0.1:9/", 1, { signal: before })), await name(() => after)];
};
