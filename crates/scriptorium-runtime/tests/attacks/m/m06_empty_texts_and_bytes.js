// id: M06
// returns: ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",0,"",{"args":[]},""]
export default async () => {
  const { args } = await services.demo.echo();
  return [utils.crypto.hash(""), new TextEncoder().encode("").length, new TextDecoder().decode(new Uint8Array(0)), { args }, btoa("")];
};
