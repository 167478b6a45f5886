// success: ["email","pending"]
// tenant: ["NOT_FOUND -","VALIDATION_ERROR -"]
// arguments: ["VALIDATION_ERROR message","VALIDATION_ERROR to","VALIDATION_ERROR subject","VALIDATION_ERROR body","VALIDATION_ERROR from"]
const call = async () => {
  const { channel, status } = await services.notifications.sendEmail({ to: "a@example.com", subject: "one", body: "two" });
  return [channel, status];
};
const wrong = [
  () => services.notifications.sendEmail(),
  () => services.notifications.sendEmail({ to: "nobody" }),
  () => services.notifications.sendEmail({ to: "a@example.com", subject: "a\nb", body: "x" }),
  () => services.notifications.sendEmail({ to: "a@example.com", subject: "a" }),
  () => services.notifications.sendEmail({ to: "a@example.com", subject: "a", body: "b", from: "x" }),
];
const named = [
  (template) => services.notifications.sendEmail({ to: "a@example.com", subject: "one", template }),
  (htmlTemplate) => services.notifications.sendEmail({ to: "a@example.com", subject: "one", htmlTemplate }),
];
