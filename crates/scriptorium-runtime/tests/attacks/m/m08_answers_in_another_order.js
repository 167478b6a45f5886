// id: M08
// returns: [20,19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1]
export default async () => {
  const asked = [];
  for (let i = 20; i > 0; i--) asked.push(services.demo.wait(i));
  return Promise.all(asked);
};
