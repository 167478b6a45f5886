// Neither lines nor memory grow with it, and of a long text the beginning is kept.
// progress: 20000 of 20000 last
// drops: 0
// never-logs: last
function main() {
  for (let i = 1; i <= 20000; i++) console.progress(i, 20000, "last");
}
