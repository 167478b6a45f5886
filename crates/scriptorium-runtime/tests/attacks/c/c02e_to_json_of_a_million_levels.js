// id: C02e
// fails: limit.stack
export default () => ({ toJSON() { let deep = 1; for (let i = 0; i < 1 << 18; i++) deep = [deep]; return deep; } });
