/* Moves cards of the board by mouse and by keyboard. What it does is what the form of the card does;
   without it, there is the form. Words come from the attributes of the board. */

const board = document.getElementById("board");
const note = document.getElementById("board-says");
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
let taken = null; // the card that is on its way, and where it came from: { card, list, next }
let isPlacing = false; // a card that changes its place loses the focus, which is no reason to stop

const columnOf = (element) => element.closest(".column");
const handleOf = (card) => card.querySelector(".handle");

function say(name, card, more = {}) {
  const words = { bug: card.dataset.title, column: columnOf(card).dataset.label, ...more };
  note.textContent = board.dataset[name].replace(/{(\w+)}/g, (_, word) => words[word] ?? "");
}

function take(card) {
  taken = { card, list: card.parentElement, next: card.nextElementSibling };
  card.classList.add("taken");
  handleOf(card).setAttribute("aria-pressed", "true");
  say("taken", card);
}

function place(card, list, next) {
  const hasFocus = card.contains(document.activeElement);
  isPlacing = true;
  list.insertBefore(card, next);
  if (hasFocus) handleOf(card).focus();
  isPlacing = false;
}

function release() {
  const { card } = taken;
  taken = null;
  card.classList.remove("taken");
  handleOf(card).setAttribute("aria-pressed", "false");
  mark(null);
}

function giveUp() {
  const { card, list, next } = taken;
  release();
  place(card, list, next);
  say("left", card);
}

function go(step) {
  const columns = [...board.querySelectorAll(".column")];
  const column = columns[columns.indexOf(columnOf(taken.card)) + step];
  if (!column) return;
  const list = column.querySelector("ul");
  if (list === taken.list) place(taken.card, list, taken.next);
  else place(taken.card, list, list.firstElementChild);
  column.scrollIntoView({ block: "nearest", inline: "nearest" });
  say("over", taken.card);
}

function mark(column) {
  board.querySelectorAll(".over").forEach((other) => other.classList.remove("over"));
  column?.classList.add("over");
}

/* Send what the form of the card would send; the page that comes back is the truth. */
async function drop() {
  const { card, list, next } = taken;
  release();
  if (card.parentElement === list) return say("left", card);
  const form = card.querySelector("form"), sent = new URLSearchParams(new FormData(form));
  sent.set("state", columnOf(card).dataset.state);
  let reason = board.dataset.lost;
  try {
    const headers = { "X-CSRFToken": token, Accept: "text/html" };
    const answer = await fetch(form.action, { method: "POST", body: sent, headers });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const other = page.getElementById("board");
    if (answer.ok && !other) return location.reload(); // to sign in
    if (answer.ok) return renew(other, card);
    reason = page.querySelector("main h1 + p")?.textContent ?? answer.statusText;
  } catch {
    // nothing came back
  }
  place(card, list, next?.parentElement === list ? next : null);
  say("refused", card, { reason });
}

function renew(other, old) {
  const hasFocus = old.contains(document.activeElement);
  say("done", old);
  board.replaceChildren(...other.children);
  board.dispatchEvent(new Event("showtimes", { bubbles: true }));
  prepare();
  const card = document.getElementById(old.id);
  if (hasFocus) (card ? handleOf(card) : board).focus();
}

function prepare() {
  for (const card of board.querySelectorAll(".card:has(form)")) {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = "handle";
    handle.textContent = "⠿";
    handle.setAttribute("aria-label", board.dataset.handle.replace("{bug}", card.dataset.title));
    handle.setAttribute("aria-pressed", "false");
    handle.setAttribute("aria-describedby", "board-hint");
    card.prepend(handle);
    card.draggable = true;
  }
}

const keys = {
  ArrowLeft: () => go(-1),
  ArrowRight: () => go(1),
  Escape: giveUp,
};

board.addEventListener("keydown", (event) => {
  if (!taken || !(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});
board.addEventListener("click", ({ target }) => { // which Enter and the space bar are, too
  const handle = target.closest(".handle");
  if (!handle) return;
  if (!taken) take(handle.closest(".card"));
  else if (taken.card.contains(handle)) drop();
});
board.addEventListener("focusout", ({ target }) => {
  if (taken && !isPlacing && target === handleOf(taken.card)) giveUp();
});
board.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.(".card");
  if (!card || !handleOf(card)) return;
  if (taken) giveUp();
  event.dataTransfer.setData("text/plain", card.dataset.title);
  event.dataTransfer.effectAllowed = "move";
  take(card);
});
board.addEventListener("dragover", (event) => {
  if (!taken || !columnOf(event.target)) return;
  event.preventDefault();
  mark(columnOf(event.target));
});
board.addEventListener("drop", (event) => {
  const column = columnOf(event.target);
  if (!taken || !column) return;
  event.preventDefault();
  const list = column.querySelector("ul");
  if (list !== taken.list) place(taken.card, list, list.firstElementChild);
  drop();
});
board.addEventListener("dragend", () => {
  if (taken) giveUp();
});

prepare();
