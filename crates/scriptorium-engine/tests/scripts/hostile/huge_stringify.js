// expect: limit.memory
// limits: cpu=5s memory=32MiB
export default () => { const s = 'x'.repeat(1e6); return JSON.stringify(Array.from({ length: 200 }, () => s)).length; }
