// expect: limit.cpu
// limits: cpu=100ms
// marks: 0
export default () => { try { [3, 2, 1].sort(() => { for (;;); }) } catch { callSync('mark') } }
