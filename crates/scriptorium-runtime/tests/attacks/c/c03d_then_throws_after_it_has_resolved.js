// id: C03d
// returns: 1
export default () => ({ then(resolve) { resolve(1); throw new Error("late"); } });
