// success: ["a","one"]
// arguments: ["VALIDATION_ERROR text","VALIDATION_ERROR text","VALIDATION_ERROR text"]
const call = () => {
  const { name, text } = utils.xml.parse("<a>one</a>");
  return [name, text];
};
const wrong = [() => utils.xml.parse(7), () => utils.xml.parse("<a>"), () => utils.xml.parse('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')];
