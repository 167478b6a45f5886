// id: H15
// returns: [1,"done"]
let state = "begun";
const { args } = await services.demo.echo(1);
state = "done";
export default () => [args[0], state];
