// id: C06a
// returns: ["\ufffd","x\ufffdy","a\u0000b","\ufeff","\u2028","\ud83d\ude00",{"\u0000":1}]
export default () => ["\ud800", "x\udfffy", "a\0b", "\ufeff", "\u2028", "\u{1f600}", { "\0": 1 }];
