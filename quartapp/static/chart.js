/* Reads the chart of a site: a cursor that follows the mouse and the arrow keys, and says what the
   table beside it has, in the times that moment.js wrote there. Without it, each step has a title. */

const chart = document.getElementById("chart");
const FAR = 10; // steps that Page Up and Page Down go
const SVG = "http://www.w3.org/2000/svg";

function start() {
  const picture = chart.querySelector("svg"), says = chart.querySelector("output");
  const rows = [...document.querySelectorAll("#readings tbody tr")];
  const titles = [...document.querySelectorAll("#readings thead th")].map((cell) => cell.textContent);
  const last = rows.length - 1;
  let at = null;

  const cursor = document.createElementNS(SVG, "path");
  cursor.setAttribute("class", "cursor");
  picture.append(cursor);
  picture.querySelectorAll(".step title").forEach((title) => title.remove()); // else both would tell
  picture.setAttribute("aria-hidden", "true");
  chart.tabIndex = 0;
  chart.setAttribute("role", "application"); // so that the arrow keys reach it in screen readers, too
  says.textContent = says.dataset.hint;

  function read(number) {
    const [time, ...values] = [...rows[number].cells].map((cell) => cell.textContent);
    return [time, ...values.map((value, column) => `${titles[column + 1]}: ${value}`)].join(" · ");
  }

  function go(number) {
    at = Math.max(0, Math.min(last, number));
    cursor.setAttribute("d", `M${at}.5 0v100`);
    says.textContent = read(at);
  }

  function leave() {
    at = null;
    cursor.removeAttribute("d");
    says.textContent = says.dataset.hint;
  }

  const keys = {
    ArrowLeft: () => go(at === null ? last : at - 1),
    ArrowRight: () => go(at === null ? 0 : at + 1),
    PageUp: () => go((at ?? last) - FAR),
    PageDown: () => go((at ?? 0) + FAR),
    Home: () => go(0),
    End: () => go(last),
    Escape: leave,
  };
  chart.addEventListener("keydown", (event) => {
    if (!(event.key in keys) || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const number = Math.floor(((event.clientX - box.left) / box.width) * rows.length);
    if (Math.max(0, Math.min(last, number)) !== at) go(number);
  });
  picture.addEventListener("pointerleave", () => {
    if (document.activeElement !== chart) leave();
  });
  chart.addEventListener("blur", leave);
}

if (chart) start();
