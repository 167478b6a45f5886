// expect: ok "ReferenceError"
export default () => { try { undeclared = 1; return 'sloppy' } catch (e) { return e.name } }
