// success: ["sms","pending"]
// tenant: ["NOT_FOUND -","VALIDATION_ERROR -"]
// arguments: ["VALIDATION_ERROR message","VALIDATION_ERROR to","VALIDATION_ERROR message","VALIDATION_ERROR message"]
const call = async () => {
  const { channel, status } = await services.notifications.sendSMS({ to: "+998901234567", message: "two" });
  return [channel, status];
};
const wrong = [
  () => services.notifications.sendSMS("x"),
  () => services.notifications.sendSMS({ to: "1" }),
  () => services.notifications.sendSMS({ to: "+998901234567" }),
  () => services.notifications.sendSMS({ to: "+998901234567", message: "x".repeat(2_000) }),
];
const named = [(template) => services.notifications.sendSMS({ to: "+998901234567", template })];
