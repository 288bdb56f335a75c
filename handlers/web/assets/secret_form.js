// Moves the secret from the address into the form, so that it stays in no history. Without scripts it is pasted.
"use strict";
const form = document.forms[0], field = form.elements.secret, button = form.querySelector("button");
const pasteField = document.getElementById("paste-field"), progress = document.getElementById("progress");
const takeSecret = () => {
  const secret = location.hash.slice(1);
  if (!secret) return;
  field.value = secret;
  pasteField.hidden = true;
  button.disabled = false;
  progress.hidden = true;
  history.replaceState(null, "", location.pathname);
};
addEventListener("hashchange", takeSecret);
form.addEventListener("submit", () => setTimeout(() => {
  button.disabled = true;
  progress.hidden = false;
}));
takeSecret();
