// expect: script.threw Odd: looks like one
// details: {"name":"Odd","code":"ODD"}
export default () => { throw { name: 'Odd', message: 'looks like one', code: 'ODD' } }
