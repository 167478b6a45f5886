// expect: ok 5
const five = await call('later', 5);
export default () => five
