// Moves the secret from the address into the form, so that it stays in no history. Without scripts it is pasted.
"use strict";
const form = document.forms[0], field = form.elements.secret, button = form.querySelector("button");
const pasteField = document.getElementById("paste-field"), progress = document.getElementById("progress");
const storePassword = document.getElementById("store-password"), copy = document.getElementById("copy");
const password = form.elements.p12_password, copyLabel = copy.textContent;
// The password belongs to the zip that the button brings, and to no other: before that it opens nothing.
storePassword.hidden = true;
copy.hidden = false;
const takeSecret = () => {
  const secret = location.hash.slice(1);
  if (!secret) return;
  field.value = secret;
  pasteField.hidden = true;
  button.disabled = false;
  progress.hidden = true;
  storePassword.hidden = true;
  history.replaceState(null, "", location.pathname);
};
const copyPassword = async () => {
  password.select();
  try {
    await navigator.clipboard.writeText(password.value);
  } catch {
    // Browsers have the clipboard on pages over HTTPS only.
    document.execCommand("copy");
  }
  copy.textContent = copy.dataset.copied;
  setTimeout(() => { copy.textContent = copyLabel; }, 2000);
};
addEventListener("hashchange", takeSecret);
copy.addEventListener("click", copyPassword);
form.addEventListener("submit", () => setTimeout(() => {
  button.disabled = true;
  progress.hidden = false;
  storePassword.hidden = false;
}));
takeSecret();
