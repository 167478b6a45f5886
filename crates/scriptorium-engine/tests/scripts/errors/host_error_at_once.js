// expect: script.threw Error: not yours
// at: 5:9
// details: {"name":"Error","code":"PERMISSION_DENIED","field":"id","details":{"id":7}}
export default async () => {
  await call('fail');
}
