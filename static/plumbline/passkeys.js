// Says on the page that a passkey could not be made or used; allauth's own scripts only tell the console.
document.addEventListener("allauth.error", (event) => {
  const problem = document.querySelector("[data-passkey-problem]");
  if (problem) {
    event.preventDefault();
    problem.hidden = false;
  }
});
