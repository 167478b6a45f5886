// id: N09
// returns: [0,"Asia/Tashkent",true]
export default () => [new Date().getTimezoneOffset(), context.timezone, /GMT\+0000|UTC/.test(new Date(0).toString())];
