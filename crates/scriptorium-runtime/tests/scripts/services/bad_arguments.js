// returns: ["VALIDATION_ERROR","VALIDATION_ERROR"]
async function main() {
  const self = {};
  self.self = self;
  const deep = JSON.parse("[".repeat(200) + "]".repeat(200));
  return Promise.all([self, deep].map((value) => services.demo.echo(value).catch((error) => error.code)));
}
