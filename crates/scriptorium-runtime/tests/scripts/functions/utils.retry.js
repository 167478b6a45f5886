// ends: limit.wall
// success: 2
// arguments: ["VALIDATION_ERROR work","VALIDATION_ERROR options.attempts","VALIDATION_ERROR options.delay","VALIDATION_ERROR options.factor"]
const call = () => utils.retry((attempt) => (attempt < 2 ? Promise.reject(new Error("not yet")) : attempt), { delay: 1 });
const wrong = [
  () => utils.retry(),
  () => utils.retry(() => 1, { attempts: 0 }),
  () => utils.retry(() => 1, { delay: "1" }),
  () => utils.retry(() => 1, { factor: 0 }),
];
