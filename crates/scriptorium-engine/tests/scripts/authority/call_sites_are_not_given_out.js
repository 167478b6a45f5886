// expect: ok ["nothing","string"]
let seen = 'nothing';
Error.prepareStackTrace = (_, sites) => { seen = typeof sites[0].getFunction; return sites };
export default () => { try { callSync('fail') } catch (e) { void e.stack } return [seen, typeof new Error().stack] }
