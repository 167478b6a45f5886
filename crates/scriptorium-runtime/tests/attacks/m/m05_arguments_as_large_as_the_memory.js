// id: M05
// fails: limit.memory
// limit: memory_bytes=16777216
// leaves: 5
// each: utils.crypto.hash("x".repeat(9 << 20))
// each: console.log("ы".repeat(6 << 20))
// each: btoa("x".repeat(9 << 20))
// each: new TextEncoder().encode("x".repeat(9 << 20))
export default (input) => { if (input === "look") return 5; $EACH; };
