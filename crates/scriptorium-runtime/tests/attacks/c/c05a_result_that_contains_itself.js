// id: C05a
// fails: script.bad_result
// message: circular
export default () => { const own = {}; own.own = [own]; return own; };
