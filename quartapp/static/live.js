/* Keeps the part of a page with `data-live` true, and all others as they are: told by a socket what happens, asked now and then when there is none. */

const AGAIN = 1000; // ms in which several events are one
const POLL = 30_000; // without a socket, or in case it says nothing
const SOON = 2000; // while a site is on the move, which no event tells of
const PATIENCE = 5000; // for an answer: a server that hangs is away
const RETRY = 1000, LONGEST = 4000; // between two tries to open the socket

const place = document.querySelector("[data-live]");
const note = document.getElementById("live");
let failures = 0, timer = 0, isAsking = false;

function say(text) {
  note.textContent = text;
  note.hidden = !text;
}

/* Ask for the page, and take over what is another one; who reads or types is not disturbed. */
async function refresh() {
  if (document.hidden) return; // until somebody looks
  if (isAsking) return plan(AGAIN);
  isAsking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE) });
    if (answer.type === "opaqueredirect") return location.reload(); // to sign in
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    replace(place, page.getElementById(place.id));
    place.dispatchEvent(new Event("showtimes", { bubbles: true }));
    say("");
  } catch {
    say(note.dataset.away);
  } finally {
    isAsking = false;
  }
  plan(place.querySelector("[data-moves]") ? SOON : POLL);
}

function plan(wait) {
  clearTimeout(timer);
  timer = setTimeout(refresh, wait);
}

function replace(old, now) {
  const focused = document.activeElement, name = (element) => element.name ?? element.getAttribute("href");
  const alike = () => [...old.querySelectorAll(focused.localName)].filter((one) => name(one) === name(focused));
  const number = alike().indexOf(focused);
  change(old, now);
  if (number >= 0 && document.activeElement !== focused) alike()[number]?.focus({ preventScroll: true });
}

function change(old, now) {
  const list = old.querySelector(".glances"), other = now.querySelector(".glances");
  const frame = (part) => [...part.children].filter((child) => child !== list && child !== other);
  if (!list || !other || frame(old).length !== frame(now).length) return old.replaceChildren(...now.children);
  frame(old).forEach((child, number) => renew(child, frame(now)[number]));
  const known = new Map([...list.children].map((row) => [row.id, row]));
  const rows = [...other.children].map((row) => keep(known.get(row.id), row));
  if (rows.some((row, number) => list.children[number] !== row) || list.children.length !== rows.length) list.replaceChildren(...rows);
}

function keep(old, now) {
  return old?.outerHTML === now.outerHTML ? old : now;
}

function renew(old, now) {
  if (old.outerHTML !== now.outerHTML) old.replaceWith(now);
}

function listen() {
  const address = new URL(place.dataset.live, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, "quartapp");
  socket.addEventListener("message", ({ data }) => {
    const { event } = JSON.parse(data);
    if (event === "connected") {
      failures = 0;
      if (place.dataset.site) socket.send(JSON.stringify({ event: "subscribe", entities: [+place.dataset.site] }));
      refresh(); // whatever happened meanwhile
    } else if (event !== "heartbeat" && event !== "subscribed") {
      plan(AGAIN);
    }
  });
  socket.addEventListener("close", () => {
    failures += 1;
    plan(AGAIN); // is it the socket alone, or the server?
    const wait = Math.min(RETRY * 2 ** (failures - 1), LONGEST);
    setTimeout(listen, wait * (0.5 + Math.random() / 2));
  });
}

document.addEventListener("visibilitychange", refresh);
plan(place.querySelector("[data-moves]") ? SOON : POLL);
listen();
