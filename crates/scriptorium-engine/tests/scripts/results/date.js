// expect: ok "1970-01-01T00:00:00.000Z"
export default () => new Date(0)
