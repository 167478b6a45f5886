// A text of 1 MB put together piece by piece.
export default function () {
  let text = "";
  for (let i = 0; text.length < 1_000_000; i++) text += "abcdefghij" + (i % 10) + ",";
  let sum = 0;
  for (let i = 0; i < text.length; i += 5) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return [text.length, sum];
}
