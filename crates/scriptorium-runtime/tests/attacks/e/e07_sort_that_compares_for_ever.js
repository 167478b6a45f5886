// id: E07
// fails: limit.cpu
// limit: cpu_ms=40
// each: for (;;) numbers.sort(() => 0.5 - Math.random());
// each: numbers.sort(() => { numbers.length = 100000; return numbers.push(1); }); for (;;);
// each: for (;;) numbers.toSorted((a, b) => (a < b ? 1 : -1));
// each: for (;;) bytes.sort((a, b) => b - a);
export default () => { const numbers = Array.from({ length: 10000 }, (_, i) => i), bytes = new Float64Array(numbers); $EACH };
