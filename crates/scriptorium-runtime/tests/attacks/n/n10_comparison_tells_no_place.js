// id: N10
// returns: [true,false,false]
export default () => [utils.crypto.timingSafeEqual("a".repeat(1000), "a".repeat(1000)), utils.crypto.timingSafeEqual("b" + "a".repeat(999), "a".repeat(1000)), utils.crypto.timingSafeEqual("a", "ab")];
