// expect: ok true
export default () => Reflect.ownKeys(import.meta).length === 0 && Object.getPrototypeOf(import.meta) === null
