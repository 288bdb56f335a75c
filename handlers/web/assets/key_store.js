// Shows the password of the key store with the download that it belongs to, and copies it.
const storePassword = document.getElementById("store-password"), copy = document.getElementById("copy");
const password = form.elements.p12_password, copyLabel = copy.textContent;
// The password belongs to the zip that the button brings, and to no other: before that it opens nothing.
const hidePassword = () => { storePassword.hidden = true; };
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
hidePassword();
copy.hidden = false;
addEventListener("hashchange", hidePassword);
copy.addEventListener("click", copyPassword);
form.addEventListener("submit", () => setTimeout(() => { storePassword.hidden = false; }));
