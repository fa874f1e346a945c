// Buttons that copy: one is put before each text that says so, or stands there already and names the text.
(() => {
  if (!navigator.clipboard) return;
  const copies = (button, text, done) => {
    const usual = button.textContent;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text());
      button.textContent = done;
      setTimeout(() => { button.textContent = usual; }, 2000);
    });
  };
  for (const held of document.querySelectorAll("pre[data-copy]")) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet copy", textContent: held.dataset.copy });
    copies(button, () => held.textContent, held.dataset.copied);
    held.before(button);
  }
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.hidden = false;
    copies(button, () => document.getElementById(button.dataset.copies).textContent, button.dataset.done);
  }
})();
