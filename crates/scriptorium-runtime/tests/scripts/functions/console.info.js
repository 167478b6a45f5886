// log: info one
// success: null
const call = () => console.info("one");
