// id: H03
// returns: "ended"
// within: 3000
// never-logs: late
export default async () => {
  (async () => { await services.demo.wait(60000); console.log("late"); })();
  setTimeout(() => console.log("late"), 50000);
  return "ended";
};
