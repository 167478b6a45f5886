// progress: 3 of 4 halfway
// success: null
// arguments: ["VALIDATION_ERROR done","VALIDATION_ERROR done","VALIDATION_ERROR total","VALIDATION_ERROR text"]
const call = () => console.progress(3, 4, "halfway");
const wrong = [
  () => console.progress("x"),
  () => console.progress(-1),
  () => console.progress(1, "x"),
  () => console.progress(1, 2, "x".repeat(20_000)),
];
