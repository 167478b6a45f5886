// expect: ok {"a":["ы😀",1.5,null]}
export default () => call('echo', { a: ['ы😀', 1.5, null] })
