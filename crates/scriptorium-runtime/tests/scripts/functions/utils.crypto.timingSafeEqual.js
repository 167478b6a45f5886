// success: [true,false]
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b"]
const call = () => [utils.crypto.timingSafeEqual("a", new Uint8Array([97])), utils.crypto.timingSafeEqual("a", "b")];
const wrong = [() => utils.crypto.timingSafeEqual(7, "a"), () => utils.crypto.timingSafeEqual("a")];
