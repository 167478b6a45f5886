// returns: {"zone":["3/1/2026, 9:05:06 AM","3/1/2026","9:05:06 AM"],"ru":["01.03.2026, 09:05:06","01.03.2026","09:05:06"],"uz":["01/03/2026, 09:05:06","01/03/2026","09:05:06"],"long":["Sunday, March 1, 2026 at 9:05 AM","воскресенье, 1 марта 2026 г. в 09:05","yakshanba, 1-mart, 2026, 09:05"],"month":["March 2026","март 2026 г.","mart, 2026"],"utc":"04:05","newYork":["February 28, 2026 at 11:05:06 PM EST"],"full":"09:05:06 Узбекистан, стандартное время","offset":"9:35 AM GMT+5:30","now":true,"invalid":"Invalid Date","parts":["day 1","literal  ","month марта"],"shown":["ru","gregory","latn","Asia/Tashkent","h23",false,"2-digit","2-digit"]}
// log: info DateTimeFormat { en }
function main() {
  const date = new Date();
  const all = (locale) => [date.toLocaleString(locale), date.toLocaleDateString(locale), date.toLocaleTimeString(locale)];
  const long = (locale) => date.toLocaleString(locale, { dateStyle: "full", timeStyle: "short" });
  const month = (locale) => new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" }).format(date);
  const { locale, calendar, numberingSystem, timeZone, hourCycle, hour12, hour, minute } = new Intl.DateTimeFormat("ru", { hour: "numeric", minute: "numeric" }).resolvedOptions();
  console.log(new Intl.DateTimeFormat());
  return {
    zone: all(),
    ru: all("ru"),
    uz: all("uz"),
    long: ["en", "ru", "uz"].map(long),
    month: ["en", "ru", "uz"].map(month),
    utc: date.toLocaleTimeString("ru", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" }),
    newYork: [date.toLocaleString("en", { dateStyle: "long", timeStyle: "long", timeZone: "America/New_York" })],
    full: date.toLocaleTimeString("ru", { timeStyle: "full" }),
    offset: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit", timeZone: "+05:30", timeZoneName: "short" }),
    now: new Intl.DateTimeFormat().format() === date.toLocaleDateString(),
    invalid: new Date(NaN).toLocaleString(),
    parts: new Intl.DateTimeFormat("ru", { day: "numeric", month: "long" }).formatToParts(date).map(({ type, value }) => `${type} ${value}`),
    shown: [locale, calendar, numberingSystem, timeZone, hourCycle, hour12, hour, minute],
  };
}
