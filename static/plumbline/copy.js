// A button that copies, beside what says that it is to be copied.
(() => {
  if (!navigator.clipboard) return;
  for (const held of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet copy";
    button.textContent = held.dataset.copy;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(held.textContent);
      button.textContent = held.dataset.copied;
      setTimeout(() => { button.textContent = held.dataset.copy; }, 2000);
    });
    held.before(button);
  }
})();
