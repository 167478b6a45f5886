// expect: limit.output the output limit of 1048576 bytes was exceeded: 2097154 bytes
export default () => 'x'.repeat(2 << 20)
