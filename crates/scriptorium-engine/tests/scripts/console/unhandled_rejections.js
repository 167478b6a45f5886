// expect: ok "done"
// line: warn rejected, and nothing handled it: Error: not yours
// line: warn rejected, and nothing handled it: TypeError: forgotten
export default async () => {
  (async () => { throw new TypeError('forgotten') })();
  call('failLater');
  const handled = Promise.reject(new Error('handled in time'));
  await call('later');
  await call('later');
  await handled.catch(() => {});
  return 'done';
};
