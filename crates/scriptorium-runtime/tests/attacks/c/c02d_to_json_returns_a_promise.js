// id: C02d
// returns: {}
export default () => ({ toJSON: async () => 1 });
