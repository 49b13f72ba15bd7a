// What stands behind the # of the address (a shared text) is kept through signing in; the server never sees it.
for (const form of document.querySelectorAll("form[action='/signin']")) {
  if (location.hash) form.action += location.hash;
}
