// id: H06
// returns: "first"
export default async () => {
  let settle, refuse;
  const promise = new Promise((resolve, reject) => { settle = resolve; refuse = reject; });
  services.demo.echo().then(() => { settle("first"); refuse(new Error("second")); settle("third"); });
  return promise;
};
