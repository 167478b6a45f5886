// success: "2026-03-01T04:05:06.007Z"
const call = () => utils.date.now();
