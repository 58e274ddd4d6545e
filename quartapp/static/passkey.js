/* Forms with data-passkey have the browser make a passkey, or use one, and send what it answers. */

const KINDS = {
  create: (json) => ({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json) }),
  get: (json) => ({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json) }),
};
/* What the page has to say of an error, as the attribute data-not-allowed-error. */
function findFault(form, { name, message }) {
  return form.dataset[name[0].toLowerCase() + name.slice(1)] ?? message;
}

async function fetchOptions(form) {
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrf_token.value },
  });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.detail);
  return json;
}

async function ask(form) {
  const kind = form.dataset.passkey;
  const credential = await navigator.credentials[kind](KINDS[kind](await fetchOptions(form)));
  form.elements.answer.value = JSON.stringify(credential);
  const wish = document.querySelector("input[type=checkbox][name=remember]");
  if (form.elements.remember && wish?.checked) form.elements.remember.value = "y";
  form.submit();
}

async function answerSubmit(event) {
  event.preventDefault();
  const form = event.target;
  const status = form.querySelector("[role=status]");
  status.textContent = "";
  try {
    await ask(form);
  } catch (error) {
    status.textContent = findFault(form, error);
  }
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", answerSubmit);
    form.hidden = false;
  }
}
