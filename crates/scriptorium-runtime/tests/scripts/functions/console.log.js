// log: info one { a: 1 }
// success: null
const call = () => console.log("one", { a: 1 });
