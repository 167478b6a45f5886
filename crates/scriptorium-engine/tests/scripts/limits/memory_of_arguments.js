// expect: limit.memory
// limits: memory=4MiB
export default () => { const s = 'x'.repeat(1 << 20); const big = [s, s, s]; call('echo', [big, big, big]); return 1; }
