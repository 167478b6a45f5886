// success: "salom-dunyo-2"
// arguments: ["VALIDATION_ERROR text","VALIDATION_ERROR text"]
const call = () => utils.slug("Салом, Dunyó 2!");
const wrong = [() => utils.slug(), () => utils.slug(7)];
