// log: debug one
// success: null
const call = () => console.debug("one");
