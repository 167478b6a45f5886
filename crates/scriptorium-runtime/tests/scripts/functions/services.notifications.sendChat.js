// success: ["slack","pending"]
// tenant: ["NOT_FOUND -","NOT_FOUND secret","VALIDATION_ERROR -","VALIDATION_ERROR secret"]
// arguments: ["VALIDATION_ERROR message","VALIDATION_ERROR channel","VALIDATION_ERROR to","NOT_FOUND secret","VALIDATION_ERROR message"]
const call = async () => {
  const { channel, status } = await services.notifications.sendChat({ channel: "slack", message: "two", secret: "stripe" });
  return [channel, status];
};
const wrong = [
  () => services.notifications.sendChat([]),
  () => services.notifications.sendChat({ channel: "icq" }),
  () => services.notifications.sendChat({ channel: "slack", message: "x", to: "y" }),
  () => services.notifications.sendChat({ channel: "slack", message: "x", secret: "nothing" }),
  () => services.notifications.sendChat({ channel: "slack" }),
];
const named = [
  (secret) => services.notifications.sendChat({ channel: "slack", message: "x", secret }),
  (template) => services.notifications.sendChat({ channel: "slack", template, secret: "stripe" }),
];
