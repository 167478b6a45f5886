// expect: script.threw OutOfStock: none left
// frame: OutOfStock 6:1
// frame: take 7:32
// frame: default 8:22
// at: 6:1
class OutOfStock extends Error { name = 'OutOfStock' }
const take = () => { throw new OutOfStock('none left') };
export default () => take()
