/* Each <time> that quartapp/web/moment.py wrote, in the zone and the language of who reads.

What comes onto a page later is told by showTimes(root), or by an event that bubbles from around it:
root.dispatchEvent(new Event("showtimes", { bubbles: true })). */

const DAY = { year: "numeric", month: "short", day: "numeric" };
const HOUR = { hour: "numeric", minute: "2-digit" };
const FORMATS = {
  "": { ...DAY, ...HOUR, timeZoneName: "short" },
  L: { year: "numeric", month: "2-digit", day: "2-digit" },
  LL: { dateStyle: "long" },
  LLL: { dateStyle: "long", timeStyle: "short" },
  LLLL: { dateStyle: "full", timeStyle: "short" },
  LT: { timeStyle: "short" },
  LTS: { timeStyle: "medium" },
  l: { year: "numeric", month: "numeric", day: "numeric" },
  ll: { dateStyle: "medium" },
  lll: { dateStyle: "medium", timeStyle: "short" },
  llll: { ...DAY, ...HOUR, weekday: "short" },
};
const UNITS = Object.entries({ // seconds, as in moment.py
  year: 365 * 86_400,
  month: 30 * 86_400,
  day: 86_400,
  hour: 3_600,
  minute: 60,
  second: 1,
});
const SOON = 10_000; // ms between looks at what counts seconds
const LATER = 60_000; // ms between looks at all else

const LANGUAGE = document.documentElement.lang;
// "en" leaves open whether a clock has 12 hours: the reader's own English does not.
const LOCALE = navigator.languages.find((name) => isSame(name, LANGUAGE)) ?? LANGUAGE;

let timer;

function isSame(name, other) {
  return name.split("-")[0] === other.split("-")[0];
}

function write(time, format) {
  return new Intl.DateTimeFormat(LOCALE, FORMATS[format]).format(time);
}

/* Return the greatest unit that fits into a distance, and how often it does. */
function measure(distance) {
  const seconds = Math.trunc(distance / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  return [Math.trunc(seconds / size), unit];
}

function writeDistance(distance) {
  const [count, unit] = measure(distance);
  const numeric = count ? "always" : "auto"; // "now", but "1 day ago", as yesterday is something else
  return new Intl.RelativeTimeFormat(LOCALE, { numeric }).format(count, unit);
}

function writeSpan(distance) {
  const [count, unit] = measure(Math.abs(distance));
  const options = { style: "unit", unit, unitDisplay: "long" };
  return new Intl.NumberFormat(LOCALE, options).format(count);
}

function writeCalendar(time) {
  const [day, today] = [time, new Date()].map((at) => new Date(at).setHours(0, 0, 0, 0));
  const days = Math.round((day - today) / 86_400_000);
  if (Math.abs(days) > 1) return write(time, "LLL");
  const name = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" }).format(days, "day");
  return `${name}, ${write(time, "LT")}`;
}

function readTime(text) {
  return text === "now" ? new Date() : new Date(text);
}

function measureAway({ dateTime, dataset: { from, to } }) {
  return to ? readTime(to) - readTime(dateTime) : readTime(dateTime) - readTime(from);
}

function show(element) {
  const { from, to, bare, calendar, format } = element.dataset;
  const time = readTime(element.dateTime);
  if (from || to) {
    const distance = measureAway(element);
    element.textContent = bare === undefined ? writeDistance(distance) : writeSpan(distance);
    element.title = write(time, "");
  } else {
    element.title ||= element.textContent; // in UTC, as the server wrote it
    element.textContent = calendar === undefined ? write(time, format ?? "") : writeCalendar(time);
  }
}

function isYoung(element) {
  return Math.abs(readTime(element.dateTime) - new Date()) < LATER;
}

function refresh() {
  clearTimeout(timer);
  if (document.hidden) return;
  const moving = [...document.querySelectorAll("time[data-refresh]")];
  moving.forEach(show);
  if (moving.length) timer = setTimeout(refresh, moving.some(isYoung) ? SOON : LATER);
}

export function showTimes(root = document) {
  root.querySelectorAll('time[datetime*="T"]').forEach(show); // a day has no T, and no zone
  refresh();
}

document.addEventListener("visibilitychange", refresh);
document.addEventListener("showtimes", (event) => showTimes(event.target));
showTimes();
