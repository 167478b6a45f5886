// expect: ok 1
export default () => { call('never'); return 1 }
