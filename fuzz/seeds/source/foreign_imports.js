import fs from 'node:fs';
const os = require('os');
import('x').then(main);
export { main as default };
function main() { return eval('1') + new Function('return this')() + process.env.A }
