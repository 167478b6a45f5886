// id: C09d
// returns: ["VALIDATION_ERROR","none"]
async function main() {
  const buffer = new ArrayBuffer(8, { maxByteLength: 8 });
  const view = new Uint8Array(buffer);
  Object.defineProperty(view, "byteLength", { get() { throw new Error("looked"); } });
  class Own extends Uint16Array { get buffer() { buffer.resize(2); return buffer; } get byteOffset() { return 4; } get byteLength() { return 4; } }
  let code;
  try { await services.demo.echo(new Own(1)); code = "none"; } catch (error) { code = error.code ?? "VALIDATION_ERROR"; }
  try { await services.demo.echo(view); return [code, "none"]; } catch (error) { return [code, error.message]; }
}
