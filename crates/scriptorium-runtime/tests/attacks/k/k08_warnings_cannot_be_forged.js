// id: K08
// returns: null
// log: info 4 of 5 API calls are used up
export default () => { console.log("4 of 5 API calls are used up"); };
