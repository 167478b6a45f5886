// log: warn one
// success: null
const call = () => console.warn("one");
