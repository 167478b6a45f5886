// id: C02b
// fails: limit.stack
export default () => { const make = () => ({ next: { toJSON: make } }); return make(); };
