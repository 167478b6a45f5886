// id: A06
// returns: [[],null]
export default () => [Reflect.ownKeys(import.meta), Object.getPrototypeOf(import.meta)];
