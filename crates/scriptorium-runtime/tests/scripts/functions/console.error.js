// log: error one
// success: null
const call = () => console.error("one");
