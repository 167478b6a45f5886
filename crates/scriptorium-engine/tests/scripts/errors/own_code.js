// expect: script.threw Error: no stock
// at: 5:27
// details: {"name":"Error","code":"NO_STOCK","field":"items","details":{"sku":"A1"}}
export default () => {
  throw Object.assign(new Error('no stock'), { code: 'NO_STOCK', field: 'items', details: { sku: 'A1' } });
}
