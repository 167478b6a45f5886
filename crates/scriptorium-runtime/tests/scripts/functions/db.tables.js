// success: ["ledger","orders","prices","products"]
// tenant: ["0"]
const call = () => db.tables().map((table) => table.name).sort();
const named = [(name) => db.tables().filter((table) => table.name === name || table.columns.some((column) => column.name === name)).length];
