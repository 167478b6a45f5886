// success: [true,100]
const call = () => {
  const { apiCalls, cpuMs } = context.budget();
  return [cpuMs.remaining > 0, apiCalls.limit];
};
