// The form of scope and persona, where a script serves: what is saved is told to the rest of the page, and examples of
// what to try are put into the playground's field.
(() => {
  document.addEventListener("htmx:afterSettle", () => {
    if (!document.querySelector("[data-saved]")) return;
    sessionStorage.removeItem(`typed:${location.pathname}`);  // it is kept now
    document.dispatchEvent(new Event("settings:saved"));
  });
  const message = document.querySelector("[data-ask] [name=say]");
  for (const button of message ? document.querySelectorAll("[data-try]") : []) {
    button.hidden = false;
    button.nextElementSibling.hidden = true;
    button.addEventListener("click", () => {
      message.value = button.textContent;
      message.focus();
    });
  }
})();
