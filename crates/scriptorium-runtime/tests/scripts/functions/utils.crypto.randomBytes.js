// success: [8,true]
// arguments: ["VALIDATION_ERROR length","VALIDATION_ERROR length","VALIDATION_ERROR length","VALIDATION_ERROR length"]
const call = () => {
  const bytes = utils.crypto.randomBytes(8);
  return [bytes.length, bytes instanceof Uint8Array];
};
const wrong = [
  () => utils.crypto.randomBytes(),
  () => utils.crypto.randomBytes(0),
  () => utils.crypto.randomBytes(65_537),
  () => utils.crypto.randomBytes("8"),
];
