// expect: ok ["body","a"]
const log_ = [];
export default () => { { using a = { [Symbol.dispose]() { log_.push('a') } }; log_.push('body') } return log_ }
