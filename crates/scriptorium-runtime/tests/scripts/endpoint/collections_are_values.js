// kind: http
// replies: 200 [[1],{},"ab"]
export default () => [[1], new Set([1]), "ab"];
