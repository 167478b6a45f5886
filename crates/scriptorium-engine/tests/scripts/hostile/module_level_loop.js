// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
for (;;);
export default () => 1
