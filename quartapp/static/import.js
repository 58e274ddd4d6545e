/* The form with data-import is sent by script, which shows how far the server is.

The answer has a JSON object on each line: { done, total } while it goes on, then { location, said,
rest } or { errors }. Any other answer is a page, which the browser gets by sending the form itself. */

const form = document.querySelector("form[data-import]");
const bar = document.querySelector("#import-progress progress");
const says = document.querySelector("#import-says");
const TYPE = "application/x-ndjson";
const PAUSE = 1_000; // ms between what is read out

let saidAt;

function write(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function showBusy(isBusy) {
  bar.parentElement.hidden = !isBusy;
  form.querySelector("button").disabled = isBusy;
  form.setAttribute("aria-busy", isBusy);
}

function showProgress({ done, total }) {
  Object.assign(bar, { max: total, value: done });
  if (done < total && performance.now() - saidAt < PAUSE) return;
  saidAt = performance.now();
  says.textContent = write(form.dataset.progress, { done, total });
}

function showErrors({ errors }) {
  showBusy(false);
  const list = makeList("errors", errors);
  says.replaceChildren(make("p", { textContent: form.dataset.refused }), list);
}

function makeList(className, lines) {
  return make("ul", { className }, ...lines.map((textContent) => make("li", { textContent })));
}

function showEnd({ location, said, rest }) {
  showBusy(false);
  const link = make("a", { href: location, textContent: form.dataset.list });
  const told = rest.length
    ? [make("h2", { textContent: form.dataset.rest }), makeList("", rest)]
    : [];
  says.replaceChildren(make("p", { textContent: said }), ...told, make("p", {}, link));
  form.hidden = true;
  link.focus();
}

function show(line) {
  if (line.errors) showErrors(line);
  else if (line.location) showEnd(line);
  else showProgress(line);
  return !line.done;
}

/* Show each line as it comes; tell whether the last one said how it ended. */
async function showLines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let isOver = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return isOver;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) isOver = show(JSON.parse(line));
  }
}

async function send() {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Accept: TYPE },
    body: new FormData(form),
  });
  if (answer.headers.get("Content-Type") !== TYPE) form.submit();
  else if (!(await showLines(answer.body))) throw new TypeError();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.querySelectorAll(".field .errors").forEach((list) => list.remove());
  bar.removeAttribute("value"); // until the first line comes, it moves without end
  saidAt = -PAUSE;
  showBusy(true);
  says.textContent = form.dataset.checking;
  try {
    await send();
  } catch {
    showBusy(false);
    says.textContent = form.dataset.lost;
  }
});
