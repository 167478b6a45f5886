async function main() { return 1 }
main().catch(console.error);
