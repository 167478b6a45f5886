// returns: [302,"http://169.254.169.254/"]
async function main() {
  const { status, headers } = await http.get("http://$ADDRESS/redirect");
  return [status, headers.location];
}
