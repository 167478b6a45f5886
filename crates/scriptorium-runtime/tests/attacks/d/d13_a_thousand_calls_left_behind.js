// id: D13
// returns: 1000
// within: 3000
export default async () => {
  let begun = 0;
  for (; begun < 1000; begun++) services.demo.wait(60000);
  return begun;
};
