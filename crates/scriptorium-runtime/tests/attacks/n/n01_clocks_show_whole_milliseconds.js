// id: N01
// returns: [true,true,true]
export default () => {
  const readings = [];
  for (let i = 0; i < 2000; i++) readings.push(performance.now(), Date.now(), utils.date.now().getTime());
  let back = 0;
  for (let i = 3; i < readings.length; i += 3) if (readings[i] < readings[i - 3]) back++;
  return [readings.every(Number.isInteger), back === 0, Number.isInteger(performance.timeOrigin)];
};
