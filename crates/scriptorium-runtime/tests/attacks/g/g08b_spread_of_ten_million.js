// id: G08b
// fails: limit.memory
export default () => Math.max(...new Array(1e7));
